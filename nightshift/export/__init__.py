"""Trained models to ONNX: each graph is checked against the model it comes from, and quantized where that costs no
quality.
"""
