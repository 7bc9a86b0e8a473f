"""An answer with citations from a question and its passages: prompts, grounding, policy, the assistant."""
