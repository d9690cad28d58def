"""Setting the tables back, so that workers compute them again from the raw topic: `stocks tables rebuild`.

`make_plan` looks at the broker and makes a `plan`; `set_back` carries it out, `old_records` being its last step.
"""
