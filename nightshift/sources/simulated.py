"""The simulated company as a source: `simulate://shop?night=3&seed=7&history=10`.

Night N is the day 2026-01-01 + (N-1) days and delivers everything up to its end. `night-0000` is what was there
before the first night: all customers and orders, and the tickets of `history` earlier days. UTF-8, one JSON row a line:

    articles/standard-delivery.md      front matter: title, topic, url, updated_at; then lead text, `## Heading` + text
    customers/night-0000.jsonl.gz      {"id": "K-00042", "name": "...", "email": "...", "country": "DE", "since": "2024-05-11T00:00:00Z"}
    orders/night-0001.jsonl.gz         {"id": "LF-10482", "customer": "K-00042", "state": "shipped", "placed_at": "2025-12-29T10:02:11Z",
                                        "changed_at": "2026-01-01T09:30:00Z", "total_cents": 8990, "item": "Brookling two-person tent"}
    tickets/night-0001.jsonl.gz        {"id": "T-260101-0012", "opened_at": "2026-01-01T09:12:40Z", "changed_at": "2026-01-01T11:40:02Z",
                                        "customer": "K-00042", "channel": "email", "subject": "late again", "text": "...",
                                        "label": "delivery_options", "status": "solved"}
    answers/night-0001.jsonl.gz        {"id": "A-260101-0012-1", "ticket": "T-260101-0012", "posted_at": "2026-01-01T11:40:02Z",
                                        "changed_at": "2026-01-01T11:40:02Z", "text": "...", "from_helper": true, "accepted": true}
    resolutions/night-0001.jsonl.gz    {"ticket": "T-260101-0012", "article": "standard-delivery", "resolved_at": "2026-01-01T11:40:02Z"}

Every key is present in every well-formed row; `customer` and `label` may be "". A later row with the same id and a later
`changed_at` replaces the earlier one (orders move on, tickets are solved or relabelled). Customers only ever come in
night-0000. A few ticket lines are planted broken: no id, an impossible time, an empty text, not JSON, not UTF-8.
What is true about each ticket is never among the objects: see nightshift/sources/company/simulate.py.
"""
