"""From a question and its passages to an answer with citations: prompts, grounding, policy, the assistant."""
