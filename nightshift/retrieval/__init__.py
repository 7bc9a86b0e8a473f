"""Which passages answer a question: retrieval scores and their fusion, ticket kNN, answerability, confidence."""
