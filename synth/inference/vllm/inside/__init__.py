"""Modules that are copied into vLLM's environment; they import nothing of ours."""
