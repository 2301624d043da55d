"""Put the e-mail and the SMS of `make run` into the README, or check (--check) that they are what stands there."""

import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
EXAMPLES = {"email": "email.txt", "sms": "sms.txt"}


def with_examples(text: str, out: Path) -> str:
    """Return the README with each example replaced by the run's own file."""
    for name, file in EXAMPLES.items():
        block = f"<!-- {name}:begin -->\n```text\n{(out / file).read_text(encoding='utf-8')}```\n<!-- {name}:end -->"
        before, after = text.partition(f"<!-- {name}:begin -->")[0], text.partition(f"<!-- {name}:end -->")[2]
        text = before + block + after
    return text


def main() -> None:
    """Write the README, or exit 1 when it is stale."""
    out, current = Path(sys.argv[-1]), README.read_text(encoding="utf-8")
    wanted = with_examples(current, out)
    if "--check" not in sys.argv:
        README.write_text(wanted, encoding="utf-8")
    elif wanted != current:
        sys.exit(f"README.md shows another e-mail or SMS than {out}: run make run && make docs")


if __name__ == "__main__":
    main()
