"""What bodies and answers are made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict


def _storable(text: str) -> str:
    """Refuse what Postgres cannot hold as text.

    Raises:
        ValueError: a NUL, or half of a surrogate pair.
    """
    if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError("it holds a character that cannot be stored")
    return text


Text = Annotated[str, Strict(), AfterValidator(_storable)]
Flag = Annotated[bool, Strict()]
TableId = Annotated[
    str,
    Strict(),
    Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_$~+=:.-]*[A-Za-z0-9_$~+=:-][A-Za-z0-9_$~+=:.-]*$"),
]
"""As Glide writes them; a dot alone would change the path of the call to Glide."""


class Success(BaseModel):
    """Every success; each action adds what it found out."""

    model_config = ConfigDict(extra="allow")

    success: bool = True


class Listed(BaseModel):
    """A page of a list. `total` counts everything the filter means, where that is known."""

    success: bool = True
    items: list[dict[str, Any]]
    total: int | None = None
