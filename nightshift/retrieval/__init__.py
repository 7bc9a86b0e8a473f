"""Which passages answer a question: retrieval scores, their fusion, ticket kNN, and the confidence in the best."""
