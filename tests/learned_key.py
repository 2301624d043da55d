"""A key with every character that some encoding changes."""

KEY = "q7/R+x&4=Zt \"w'é\\9<m>"
