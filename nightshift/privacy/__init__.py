"""What keeps people out of what is learnt: redaction of texts, pseudonyms for ids."""
