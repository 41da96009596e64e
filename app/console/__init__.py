"""Console: pages for people under /ui, rendered by the service.

How a page is made:

1. A function in `pages/NAME.py`, whose module `pages/__init__.py` names. `@page(path, role)` of `blueprint.py` for a
   GET, `@fragment` for a part of one that is polled, `@action` for a POST, which ends in `see(…)` (303). The role
   stands in the decorator and nowhere else; whoever has a lower one is refused, and what they may not do is not
   rendered: `{% if may("publisher") %}`. It parses (`query_fields`, `form_fields`), makes one call (`get(Class)`),
   renders.
2. `templates/NAME.html` extends `base.html` and fills the blocks `page` (body[data-page]), `title` and `main`; parts
   of it that are polled stand beside in `_NAME.html`. Macros are in `templates/parts/`, each imported `with context`.
   What a template shows is a frozen dataclass of `views/`, or a row. What is not defined is an error.
3. An entry in `SECTIONS` of `navigation.py`, if the side bar leads to it. It appears as soon as the page is there.
4. No `style=`, no `on…=`, no inline script, no `|safe`: the policy refuses them, and so does a test. A bar or chart is
   SVG with attributes, from `charts.py`. Behaviour is in `static/js/`, found by data attributes; `start.js` names the
   modules.
5. A folder in `tests/console/`, and a line in PAGES of `tests/console/everywhere/test_pages.py`, which asserts what
   holds for every page.
"""
