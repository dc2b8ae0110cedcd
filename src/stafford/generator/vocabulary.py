"""Words that names, brands, cities and searches are made of."""
# ruff: noqa: RUF001 - people's names are written as they write them

# Words that stand in contracts. Rows hold their place here: add at the end.
COUNTRIES = ("DE", "FR", "GB", "NL", "US")
CATEGORIES = ("apparel", "shoes", "accessories", "beauty", "home", "electronics")
SEGMENTS = ("bargain", "regular", "premium")
DEVICES = ("mobile", "desktop", "tablet")
CHANNELS = ("direct", "organic_search", "paid_search", "email", "social", "affiliate")
CAMPAIGNS = (
    "cart_reminder", "win_back", "winter_sale", "valentines_day", "spring_sale", "mothers_day", "summer_sale",
    "back_to_school", "autumn_sale", "singles_day", "gift_guide", "new_arrivals",
)  # fmt: skip
PAGES = ("home", "category", "search", "product", "cart", "checkout")
METHODS = ("card", "paypal", "bank_transfer", "gift_card")
DECLINE_REASONS = ("insufficient_funds", "expired_card", "suspected_fraud")
CARRIERS = ("dhl", "ups", "postnl", "royal_mail")
RETURN_REASONS = ("wrong_size", "not_as_described", "damaged", "changed_mind")
COUPONS = ("WELCOME10", "SPRING15", "SUMMER10", "FRIENDS5", "BLACK20")
CURRENCY = "EUR"

# Standard rates of value added tax, in percent, in force since 2021. Sources: European Commission, Taxes in
# Europe Database (Directive 2006/112/EC, article 96); GOV.UK, "VAT rates".
# The United States have none: sales tax is added at the till and is no part of a price.
VAT_PERCENT = {"DE": 19, "FR": 20, "GB": 20, "NL": 21, "US": 0}

# First and last names as (as people write it, as it stands in an address).
FIRST_NAMES: dict[str, tuple[tuple[str, str], ...]] = {
    "DE": (("Jürgen", "juergen"), ("Anna", "anna"), ("Zoë", "zoe"), ("Łukasz", "lukasz"), ("Emre", "emre"),
           ("Käthe", "kaethe"), ("Lena", "lena"), ("Björn", "bjoern"), ("Mia", "mia"), ("Søren", "soren")),
    "FR": (("Élodie", "elodie"), ("François", "francois"), ("José", "jose"), ("Aïcha", "aicha"),
           ("Léa", "lea"), ("Benoît", "benoit"), ("Hélène", "helene"), ("Inès", "ines"), ("Noé", "noe")),
    "GB": (("Olivia", "olivia"), ("Siân", "sian"), ("George", "george"), ("Aoife", "aoife"),
           ("Priya", "priya"), ("Seán", "sean"), ("Amelia", "amelia"), ("Zainab", "zainab")),
    "NL": (("Daan", "daan"), ("Sanne", "sanne"), ("Zoë", "zoe"), ("Noël", "noel"), ("Femke", "femke"),
           ("Renée", "renee"), ("Youssef", "youssef"), ("Jip", "jip"), ("Fenna", "fenna")),
    "US": (("José", "jose"), ("Emily", "emily"), ("Chloë", "chloe"), ("小龙", "xiaolong"),
           ("Tyrone", "tyrone"), ("Renée", "renee"), ("Nguyễn", "nguyen"), ("María", "maria")),
}  # fmt: skip
LAST_NAMES: dict[str, tuple[tuple[str, str], ...]] = {
    "DE": (("Müller", "mueller"), ("Schröder", "schroeder"), ("Groß", "gross"), ("Kowalski", "kowalski"),
           ("Yıldız", "yildiz"), ("Weiß", "weiss"), ("Lehmann", "lehmann"), ("Nováková", "novakova")),
    "FR": (("Lefèvre", "lefevre"), ("Dupont", "dupont"), ("Garçon", "garcon"), ("N'Diaye", "ndiaye"),
           ("Bérenger", "berenger"), ("Nuñez", "nunez"), ("Moreau", "moreau"), ("Le Goff", "legoff")),
    "GB": (("O'Brien", "obrien"), ("Smith", "smith"), ("Patel", "patel"), ("Lloyd-Jones", "lloyd-jones"),
           ("Nowak", "nowak"), ("Brontë", "bronte"), ("Khan", "khan"), ("Taylor", "taylor")),
    "NL": (("van den Berg", "vandenberg"), ("de Vries", "devries"), ("Çelik", "celik"), ("Jansen", "jansen"),
           ("Coördinaat", "coordinaat"), ("El Amrani", "elamrani"), ("Bakker", "bakker")),
    "US": (("Johnson", "johnson"), ("García", "garcia"), ("李", "li"), ("Nguyễn", "nguyen"),
           ("Williams", "williams"), ("O’Connor", "oconnor"), ("Peña", "pena"), ("Brown", "brown")),
}  # fmt: skip
CITIES: dict[str, tuple[str, ...]] = {
    "DE": ("Berlin", "München", "Köln", "Hamburg", "Nürnberg", "Leipzig"),
    "FR": ("Paris", "Lyon", "Besançon", "Nîmes", "Saint-Étienne", "Lille"),
    "GB": ("London", "Manchester", "Glasgow", "Ynys Môn", "Bristol"),
    "NL": ("Amsterdam", "Utrecht", "'s-Hertogenbosch", "Groningen", "Zuidoost"),
    "US": ("New York", "San José", "Coeur d'Alene", "Austin", "Cañon City"),
}
ADDRESS_DOMAINS = ("example.org", "example.com", "example.net")  # RFC 2606: nobody's
STAFF_DOMAIN = "shop.example"  # the shop's own

BRANDS = ("Nordhavn", "Lumière", "Ostmark", "Casa Ruiz", "Fjäll & Co", "Tilda", "Marlow", "Hokkai")
PRODUCT_STYLES = ("Linen", "Merino", "Classic", "Relaxed", "Everyday", "Nordic", "Studio", "Été", "Urban")
# Categories, what is below them, and what goods of it are called.
CATEGORY_TREE: dict[str, dict[str, tuple[str, ...]]] = {
    "apparel": {
        "tops": ("Shirt", "T-shirt"), "knitwear": ("Jumper", "Cardigan"), "trousers": ("Trousers", "Jeans"),
        "dresses_and_skirts": ("Dress", "Skirt"), "outerwear": ("Coat", "Jacket"),
    },
    "shoes": {"sneakers": ("Sneaker",), "boots": ("Boot",), "loafers": ("Loafer",), "sandals": ("Sandal",)},
    "accessories": {
        "scarves_and_gloves": ("Scarf", "Gloves"), "belts": ("Belt",), "hats": ("Hat",), "bags": ("Bag",),
    },
    "beauty": {"skin_care": ("Face Cream", "Crème"), "fragrances": ("Perfume",), "bath": ("Soap",)},
    "home": {"textiles": ("Blanket", "Cushion"), "decoration": ("Vase", "Candle")},
    "electronics": {"audio": ("Headphones", "Speaker"), "lighting": ("Lamp",), "wearables": ("Watch",)},
}  # fmt: skip
SUBCATEGORIES = tuple(name for branch in CATEGORY_TREE.values() for name in branch)
COLORS = ("black", "white", "grey", "navy", "red", "green", "beige", "brown")
SHADED = ("apparel", "shoes", "accessories", "home", "electronics")
"""Categories whose goods come in colours."""
SIZES = {"apparel": ("XS", "S", "M", "L", "XL"), "shoes": ("37", "38", "39", "40", "41", "42", "43", "44")}
"""Of categories whose goods come in sizes, the smallest first."""
SIZE_NAMES = tuple(size for sizes in SIZES.values() for size in sizes)
_SEARCHED: dict[str, tuple[str, ...]] = {
    "apparel": (
        "black dress",
        "winter coat",
        "robe d'été",
        "größe l",
        "t-shirt weiß",
        "jeans",
        "pull en laine",
    ),
    "shoes": ("white sneaker", "boots size 42", "sandalen", "chaussures femme", "running shoes"),
    "accessories": ("scarf", "belt", "écharpe", "leather bag", "wollmütze"),
    "beauty": ("crème", "gift for her", "perfume 50 ml", "seife"),
    "home": ("candle", "vase", "gift", "kissen", "déco"),
    "electronics": ("headphones", "bluetooth speaker", "watch", "lampe"),
}

# Titles of reviews: what it is about, and a verdict for one star to five.
REVIEW_ASPECTS: dict[str, tuple[str, ...]] = {
    "DE": ("Qualität", "Passform", "Größe", "Preis", "Farbe"),
    "FR": ("Qualité", "Coupe", "Matière", "Prix", "Couleur"),
    "GB": ("Quality", "Fit", "Material", "Price", "Colour"),
    "NL": ("Kwaliteit", "Pasvorm", "Maat", "Prijs", "Kleur"),
    "US": ("Quality", "Fit", "Material", "Price", "Color"),
}
_ENGLISH_VERDICTS = (
    ("never again", "sent back", "a disappointment"), ("not great", "poor for the price"),
    ("all right", "as expected"), ("good", "better than expected"), ("perfect", "love it", "excellent"),
)  # fmt: skip
REVIEW_VERDICTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "DE": (
        ("nie wieder", "enttäuschend"), ("mäßig", "zu dünn"), ("in Ordnung", "geht so"), ("gut", "schön"),
        ("perfekt", "großartig", "gerne wieder"),
    ),
    "FR": (
        ("décevant", "à éviter"), ("médiocre", "bof"), ("correct", "sans plus"), ("très bien", "joli"),
        ("parfait", "j'adore", "rien à redire"),
    ),
    "GB": _ENGLISH_VERDICTS,
    "NL": (
        ("nooit meer", "teleurstellend"), ("matig", "te dun"), ("gaat wel", "prima"), ("goed", "mooi"),
        ("perfect", "geweldig", "aanrader"),
    ),
    "US": _ENGLISH_VERDICTS,
}  # fmt: skip


def _list_terms() -> tuple[tuple[str, str], ...]:
    """What people search for, with the category they mean: its goods by noun and by style, and more."""
    terms = []  # no term twice: Parquet's writer cannot use a dictionary with repetitions
    for category, branch in CATEGORY_TREE.items():
        nouns = [noun for names in branch.values() for noun in names]
        found = [noun.lower() for noun in nouns]
        found += [f"{style} {noun}".lower() for noun in nouns for style in PRODUCT_STYLES[:4]]
        terms += [(term, category) for term in (*found, *_SEARCHED[category])]
    return tuple({term: (term, category) for term, category in reversed(terms)}.values())


TERMS = _list_terms()
SEARCH_TERMS = tuple(term for term, _ in TERMS)
