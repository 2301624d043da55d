"""Polars expressions for a person to read: the notation of types and needless brackets are left out."""

import re

import polars as pl

ATOM = re.compile(r"-?[\w.]+(?:\(\d*\))?")


def readable(expression: pl.Expr) -> str:
    """Return a polars expression without its notation of types.

    >>> readable(pl.col("close") / pl.col("close_7d_ago") - 1 > 0.3)
    '((close / close_7d_ago) - 1) > 0.3'
    """
    text = re.sub(r'col\("(\w+)"\)', r"\1", str(expression).removeprefix("."))
    text = re.sub(r"dyn (?:int|float): ", "", text).replace(".log([2.718281828459045])", ".ln()")
    text = text.replace("[", "(").replace("]", ")")
    while (shorter := _with_fewer_brackets(text)) != text:
        text = shorter
    return text


def _with_fewer_brackets(text: str) -> str:
    """Return the text without brackets around a bracket, a single name or number, or the whole."""
    pairs, opened = dict[int, int](), list[int]()
    for k, sign in enumerate(text):
        if sign == "(":
            opened.append(k)
        elif sign == ")":
            pairs[opened.pop()] = k
    gone = {k for i, j in pairs.items() if _is_needless(text, pairs, i, j) for k in (i, j)}
    return "".join(sign for k, sign in enumerate(text) if k not in gone)


def _is_needless(text: str, pairs: dict[int, int], first: int, last: int) -> bool:
    is_call = bool(re.match(r"\w", text[first - 1 : first]))
    alone = (first, last) == (0, len(text) - 1) or bool(ATOM.fullmatch(text[first + 1 : last]))
    return pairs.get(first - 1) == last + 1 or (alone and not is_call)
