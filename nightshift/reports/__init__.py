"""What an analyst sees of a night: one page per stage with the verdict first, then numbers, then one picture.

The same HTML is the task's Deck in the Flyte console and a file under `.nightshift/nights/<night>/`.
A page holds counts, digests and verdicts. It never holds a row, or a text or id of a customer.
"""
