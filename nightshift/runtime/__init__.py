"""Inference that indexing, evaluation and serving share: ONNX sessions, no training libraries."""
