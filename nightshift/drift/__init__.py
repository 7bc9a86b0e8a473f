"""Are the tickets of tonight like those that the serving release was judged on?"""
