"""Values and contracts. Standard library and pydantic only; no input or output."""
