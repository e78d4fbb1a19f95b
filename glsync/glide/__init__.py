"""Everything that talks to Glide."""

from glsync.glide.app import App, Source, check_endpoints, open_glide
from glsync.glide.page import Page

__all__ = ["App", "Page", "Source", "check_endpoints", "open_glide"]
