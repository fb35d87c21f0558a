"""import no"""
from . import b, c as d
from ..a.b import (
    e,  # f
    g)
import a.b as h; import i
