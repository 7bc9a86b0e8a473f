"""Words, sentences, passages and chunks of plain text, without a model."""
