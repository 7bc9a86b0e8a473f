"""From what training left to what serving runs: ONNX graphs that were checked against their originals."""
