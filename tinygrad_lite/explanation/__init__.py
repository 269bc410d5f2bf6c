"""explain(loss): a page that steps forward and backward through the user's own computation. Start at graph.py."""

from .explain import Explanation as Explanation
from .explain import explain as explain
from .memory import Memory as Memory
from .memory import memory as memory
from .watch import watch as watch
