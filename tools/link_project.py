"""Put shared/ and local/ on the environment's path and write the `quantscout` command, without a build."""

import stat
import sys
import sysconfig
from pathlib import Path

root = Path(sys.argv[1]).resolve()
site, scripts = Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("scripts"))
(site / "quantscout-project.pth").write_text(f"{root / 'shared'}\n{root / 'local'}\n", encoding="utf-8")
command = scripts / "quantscout"
command.write_text(f"#!{sys.executable}\nfrom quantscout_local.cli import main\n\nmain()\n", encoding="utf-8")
command.chmod(command.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
