"""A stand-in for Glide's servers: both generations of the API, demo data, and faults on request."""

from glsync.standin.faults import Fault
from glsync.standin.running import StandIn, run, serve
from glsync.standin.settings import Settings

__all__ = ["Fault", "Settings", "StandIn", "run", "serve"]
