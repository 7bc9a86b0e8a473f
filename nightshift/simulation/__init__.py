"""Larkfield, an invented shop: its help pages, its customers and their tickets, night after night.

content         reads articles/*.md (help pages), questions/*.yaml (questions about each section, and the reply)
calendar        which day a night is                changes      pages edited, deleted and added on a night
people          customers and how they write        orders       what they bought
topics          what a ticket is about              writing_style  a question in the style of its customer
tickets         a day of tickets, and their truth   identifiers  invented phones, cards, IBANs, addresses
delivery        the rows and bytes of a night       simulate     a night as files, with `.truth/` beside them
"""
