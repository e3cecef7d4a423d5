"""Which parts of a page are furniture: what a site puts around every page, told by tags, roles and names."""

import re

from lxml.html import HtmlElement

from qa.readers.blocks import HEADINGS

FURNITURE = frozenset({"footer", "menu", "nav", "search"})
FURNITURE_ROLES = frozenset({
    *("alertdialog", "banner", "complementary", "contentinfo", "dialog", "menu", "navigation", "search", "tablist"),
    "toolbar",
})  # fmt: skip
# What blogs, shops, newspapers, forums and documentation call their furniture: the whole name of a class or id,
WHOLE_NAMES = (
    r"ads?|credits?|comments?|consent|footer|gutter|helpful|infinite-scroll|metadata|nav|pager|popular|promo|"
    r"references|related|share|sharing|social|subscribe|tags|toc|toolbar|trending|votes?"
)
# or a part of it.
PART_NAMES = (
    r"(article|c|content|document|page|post)-metadata|ad-(box|container|label|slot|unit|wrapper)|adsbygoogle|advert(isement|ising|s)?|ambox|anchor-link|"
    r"announcement-bar|author-?(bio|box|card|info|note)|bread-?crumbs?|byline|cat-?links|clipboard|"
    r"comments?-?(area|body|count|form|heading|list|page|section|wrapper)|contents local|"
    r"cookie-?(banner|bar|box|consent|message|notice|overlay|policy|wall)|dateline|disqus|edit-?(link|section|this-page)|"
    r"gdpr|hash-link|hatnote|header-?link|headline-links|jump-links?|like-?(button|count)|line-?no(s|de|-gutter)?|"
    r"line-?numbers?(-rows)?|linenos|mbox|more-(from|stories)|most-?(popular|read)|nav-?(bar|box|links?)|"
    r"navigation-(menu|wrap)|newsletter(?!-post)|next-(article|up)|no-?print|outbrain|page-tools|pagination|paywall|"
    r"popular-(articles|posts|stories)|(post|reply)-form|post-?(footer|meta|nav|navigation|tags|ufi)|pull-?quote|"
    r"read(ing)?-?time|read-?(more|next)|recirc(ulation)?|recommend(ed|ations)|ref-?list|"
    r"related-?(articles?|box|content|items|links|navigation|news|pages|posts?|products|questions|recipes|stories|topics)|"
    r"screen-?reader(-text)?|share-?(bar|box|buttons?|icons|links|this|tools|widget)|sharedaddy|side-?bar|sign-?up|"
    r"skip-?(link|navigation|to-content)|social-?(bar|buttons|follow|icons|links|media|share)|sponsor(ed)?|sr-only|"
    r"subscri(be|ption)-?(box|button|form|widget)|table-of-contents|taboola|tag-?(cloud|links|list)|toc-?(container|mobile)|"
    r"upsell|viewcode-link|visually-?hidden|vote-?(cell|count)|votecell|was-this-helpful|widget-area|[a-z]+-votes"
)
FURNITURE_NAME = re.compile(rf"(?<![^ ])({WHOLE_NAMES})(?![^ ])|(?<![a-z])({PART_NAMES})(?![a-z])")
# Within code, names tell the kinds of words: only these are none of it.
CODE_NAME = re.compile(
    r"(?<![a-z])(clipboard|copy|gutter|line-?no|line-?no(s|de|-gutter)|line-?numbers?(-rows)?)(?![a-z])"
)
# Asides that belong to the text: the boxes of documentation, and a news story's box of facts.
ASIDE_NAME = re.compile(r"(?<![a-z])(admonition|callout|fact|glance|important|info|key|note|summary|tip|warning)")


def is_furniture(element: HtmlElement, *, in_main: bool, in_code: bool) -> bool:
    """Return whether an element is navigation, an advert, a share button, a box that asks to subscribe and the like.

    ``in_main`` tells whether it lies within the page's ``<article>`` or ``<main>``, ``in_code`` whether within code.
    """
    tag = element.tag
    if tag == "button":  # some headings are nothing but a button
        heading = next((above for above in element.iterancestors() if above.tag in HEADINGS), None)
        return heading is None or heading.text_content().strip() != element.text_content().strip()
    if in_code:
        return CODE_NAME.search(names(element)) is not None
    if tag in FURNITURE or element.get("role") in FURNITURE_ROLES:
        return True
    if tag == "aside":
        return element.get("role") != "note" and not ASIDE_NAME.search(names(element))
    if tag == "header" and not in_main and element.find(".//h1") is None:
        return True
    return tag not in HEADINGS and FURNITURE_NAME.search(names(element)) is not None


def names(element: HtmlElement) -> str:
    """Return an element's classes and id in lower case, the words of each joined by hyphens."""
    both = f"{element.get('class', '')} {element.get('id', '')}"
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_+|-+", "-", " ".join(both.split())).lower()
