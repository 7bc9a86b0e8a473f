"""Larkfield, a shop that does not exist: its help pages, its customers and what they write, night after night.

articles/*.md          help pages            questions/*.yaml    ways to ask about each section, and the reply
library    reads both                        changes    which pages are edited, deleted, added on which night
people     customers and how they write      orders     what they bought
voice      dresses a question                tickets    a day of tickets, and the truth about them
delivery   the rows and bytes of a night     simulate   a night as files, with `.truth/` beside them
"""
