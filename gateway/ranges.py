"""How large a number in the settings may be: one that cannot be meant is a slip of the keyboard, and is told."""

from typing import Annotated

from msgspec import Meta

_YEAR_S = 366 * 86_400.0

Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]
OptionalCount = Annotated[int, Meta(ge=0, le=1_000_000_000)]  # 0 has a meaning of its own
Bytes = Annotated[int, Meta(ge=1, le=1 << 50)]
Seconds = Annotated[float, Meta(gt=0, le=_YEAR_S)]
Minutes = Annotated[float, Meta(gt=0, le=_YEAR_S / 60)]
OptionalSeconds = Annotated[float, Meta(ge=0, le=_YEAR_S)]
OptionalMinutes = Annotated[float, Meta(ge=0, le=_YEAR_S / 60)]
OptionalHours = Annotated[float, Meta(ge=0, le=_YEAR_S / 3600)]
Hours = Annotated[float, Meta(gt=0, le=_YEAR_S / 3600)]
Port = Annotated[int, Meta(ge=0, le=65_535)]
Text = Annotated[str, Meta(min_length=1)]
