"""Models as they run: encoders, classifiers and the generator on ONNX, and the cache of embeddings."""
