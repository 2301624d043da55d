"""The venues and the other public sources: one file each, endpoints plus pure parsers."""
