"""dbt's choice of a macro for the engine, for the SQL linter: always the default one, which is DuckDB's.

{{ adapter.dispatch('replace_all')(text, pattern, replacement) }}  ->  default__replace_all(text, ...)
"""

from collections.abc import Callable

from jinja2 import pass_context
from jinja2.runtime import Context


@pass_context
def dispatch(context: Context, macro: str) -> Callable[..., str]:
    return context.resolve(f"default__{macro}")
