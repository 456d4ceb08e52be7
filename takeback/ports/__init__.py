"""What the flows may ask of the world, and what the world promises in return. No code, only promises."""

from takeback.ports.relay import Consignment, Content, MarkDot, Outcome, Relay, Verdict
from takeback.ports.routing import Route, Routing

__all__ = ["Consignment", "Content", "MarkDot", "Outcome", "Relay", "Route", "Routing", "Verdict"]
