"""Inference: requests to vLLM or any OpenAI-compatible endpoint, through datatrove, with nothing lost."""
