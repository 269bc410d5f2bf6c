"""explain(loss): a page that steps forward and backward through the user's own computation. Start at graph.py."""

from .explanation import Explanation as Explanation
from .explanation import explain as explain
from .explanation import watch as watch
from .table import Memory as Memory
from .table import memory as memory
