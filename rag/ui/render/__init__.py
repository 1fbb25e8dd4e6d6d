"""Values → HTML: what each part of the page shows. Pure; all text of notes and people goes through `markup`."""
