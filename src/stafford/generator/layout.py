"""How an event lies in memory: one row of 64-bit integers, and which of them is which field of its contract.

A row begins with what every event has (EMITTED to AMOUNT); the columns of its topic follow. NOTHING means
that there is no value. Rows are cheap to sort and to keep, and become text or Arrow only when they leave.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from stafford.generator import vocabulary as words

EMITTED, OCCURRED, KEY, KIND, DEFECT, COPY, AMOUNT = range(7)
"""UTC microseconds twice; the event's hash; index of its type, of its defect; 0 or 1; cents, or NOTHING."""

COMMON = ("emitted", "occurred", "key", "kind", "defect", "copy", "amount")
NOTHING = -(1 << 31)
"""What stands where a row has no value: no number of any contract, and negative, as no place or count is."""

CONTRACT_VERSION = "1.0.0"
MOST_LINES = 20
"""Lines of one order, at most: the limit of `carts.items` in a profile."""

LINE_FIELDS = (
    "line_number", "product_id", "quantity", "unit_price_cents", "discount_cents", "line_total_cents",
)  # fmt: skip
LINE_COLUMNS = 4  # product, quantity, unit price, discount: the number and the total follow from them


class Form(IntEnum):
    """How a field is written, and what its column holds."""

    EVENT_ID = 0  # the UUID of the event; no column
    WORD = 1  # index into the field's words
    INTEGER = 2
    INSTANT = 3  # UTC microseconds
    CODE = 4  # a 64-bit hash, written as prefix and 13 digits of base 32
    NUMBER = 5  # an entity's number, written as prefix and padded decimal
    FLAG = 6  # 0 or 1
    TEXT = 7  # words of a list, put together by `people` or `goods`; the column chooses them
    LINES = 8  # how many lines; LINE_COLUMNS for each of them follow
    CONSTANT = 9  # the field's one word; no column


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a body. prefix, digits: of codes and numbers; required: never NOTHING."""

    name: str
    form: Form
    column: str = ""
    words: tuple[str, ...] = ()
    prefix: str = ""
    digits: int = 0
    required: bool = True


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of a topic after the common ones, its body's fields in the contract's order, and its key."""

    topic: str
    event_types: tuple[str, ...]
    columns: tuple[str, ...]
    fields: tuple[Field, ...]
    key: str

    @property
    def width(self) -> int:
        """Integers of a row."""
        return len(COMMON) + len(self.columns)

    def find(self, column: str) -> int:
        """Where a column stands in a row."""
        return (COMMON + self.columns).index(column)

    @property
    def key_field(self) -> Field:
        """The field that the record key repeats."""
        return next(field for field in self.fields if field.name == self.key)


def _lay(
    topic: str, event_types: tuple[str, ...], key: str, *fields: Field, more: tuple[str, ...] = ()
) -> Layout:
    own = tuple(field.column for field in fields if field.column and field.column not in COMMON)
    head = (
        Field("event_id", Form.EVENT_ID),
        Field("event_type", Form.WORD, "kind", event_types),
        Field("occurred_at", Form.INSTANT, "occurred"),
        Field("contract_version", Form.CONSTANT, words=(CONTRACT_VERSION,)),
    )
    return Layout(topic, event_types, (*dict.fromkeys(own), *more), head + fields, key)


def _code(name: str, column: str, prefix: str, *, required: bool = True) -> Field:
    return Field(name, Form.CODE, column, prefix=prefix, required=required)


_PRODUCT = Field("product_id", Form.NUMBER, "product", prefix="p-", digits=5)
_CUSTOMER = Field("customer_id", Form.NUMBER, "customer", prefix="c-", digits=7)
_CURRENCY = Field("currency", Form.CONSTANT, words=(words.CURRENCY,))
_ORDER = _code("order_id", "order", "o-")
_COUNTRY = Field("country", Form.WORD, "country", words.COUNTRIES)


def _optional(field: Field) -> Field:
    return Field(
        field.name, field.form, field.column, field.words, field.prefix, field.digits, required=False
    )


def _integer(name: str, column: str, *, required: bool = True) -> Field:
    return Field(name, Form.INTEGER, column, required=required)


LAYOUTS: Mapping[str, Layout] = {
    layout.topic: layout
    for layout in (
        _lay(
            "clickstream",
            (
                "page_viewed", "product_searched", "product_viewed",
                "cart_item_added", "cart_item_removed", "checkout_started",
            ),
            "session_id",
            _code("session_id", "session", "s-"),
            _optional(_CUSTOMER),
            _integer("sequence", "sequence"),
            Field("page", Form.WORD, "page", words.PAGES),
            Field("device", Form.WORD, "device", words.DEVICES),
            Field("channel", Form.WORD, "channel", words.CHANNELS),
            _COUNTRY,
            _optional(_PRODUCT),
            _integer("quantity", "quantity", required=False),
            _integer("unit_price_cents", "price", required=False),
            Field("search_term", Form.WORD, "term", words.SEARCH_TERMS, required=False),
            Field("campaign", Form.WORD, "campaign", words.CAMPAIGNS, required=False),
        ),
        _lay(
            "customers",
            ("customer_registered", "customer_updated"),
            "customer_id",
            _CUSTOMER,
            Field("full_name", Form.TEXT, "name"),
            Field("email", Form.TEXT, "address"),
            _COUNTRY,
            Field("city", Form.TEXT, "city", required=False),
            Field("segment", Form.WORD, "segment", words.SEGMENTS),
            Field("marketing_consent", Form.FLAG, "consent"),
            Field("registered_at", Form.INSTANT, "registered_at"),
        ),
        _lay(
            "inventory",
            ("stock_restocked", "stock_sold"),
            "product_id",
            _PRODUCT,
            _integer("delta_units", "delta"),
            _integer("stock_units", "stock"),
            _optional(_ORDER),
        ),
        _lay(
            "orders",
            ("order_placed", "order_cancelled"),
            "order_id",
            _ORDER,
            _code("session_id", "session", "s-"),
            _optional(_CUSTOMER),
            Field("placed_at", Form.INSTANT, "placed_at"),
            _COUNTRY,
            Field("lines", Form.LINES, "lines"),
            _integer("subtotal_cents", "subtotal"),
            _integer("shipping_cents", "shipping"),
            Field("coupon_code", Form.WORD, "coupon", words.COUPONS, required=False),
            _integer("coupon_cents", "coupon_cents"),
            _integer("total_cents", "total"),
            _integer("tax_cents", "tax"),
            _CURRENCY,
            more=tuple(
                f"{name}_{line}"
                for line in range(MOST_LINES)
                for name in ("product", "quantity", "price", "discount")
            ),
        ),
        _lay(
            "payments",
            ("payment_captured", "payment_declined"),
            "order_id",
            _code("payment_id", "payment", "y-"),
            _ORDER,
            Field("method", Form.WORD, "method", words.METHODS),
            _integer("attempt", "attempt"),
            _integer("amount_cents", "due"),
            _CURRENCY,
            Field("decline_reason", Form.WORD, "decline_reason", words.DECLINE_REASONS, required=False),
        ),
        _lay(
            "products",
            ("product_launched", "product_price_changed", "product_discontinued"),
            "product_id",
            _PRODUCT,
            Field("name", Form.TEXT, "name"),
            Field("category", Form.WORD, "category", words.CATEGORIES),
            Field("brand", Form.TEXT, "name"),
            _integer("price_cents", "price"),
            _CURRENCY,
            Field("launched_at", Form.INSTANT, "launched_at"),
            Field("subcategory", Form.WORD, "subcategory", words.SUBCATEGORIES, required=False),
            Field("product_group_id", Form.NUMBER, "group", prefix="g-", digits=5, required=False),
            Field("color", Form.WORD, "color", words.COLORS, required=False),
            Field("size", Form.WORD, "size", words.SIZE_NAMES, required=False),
        ),
        _lay(
            "returns",
            ("return_requested", "refund_issued"),
            "order_id",
            _code("return_id", "parcel", "r-"),
            _ORDER,
            _integer("line_number", "line"),
            _PRODUCT,
            _integer("quantity", "quantity"),
            _integer("refund_cents", "refund"),
            _CURRENCY,
            Field("return_reason", Form.WORD, "reason", words.RETURN_REASONS),
        ),
        _lay(
            "reviews",
            ("review_submitted",),
            "product_id",
            _code("review_id", "review", "v-"),
            _ORDER,
            _PRODUCT,
            _optional(_CUSTOMER),
            _integer("rating", "rating"),
            Field("title", Form.TEXT, "title"),
        ),
        _lay(
            "shipments",
            ("shipment_picked", "shipment_dispatched", "shipment_delivered", "shipment_lost"),
            "order_id",
            _code("shipment_id", "shipment", "h-"),
            _ORDER,
            Field("carrier", Form.WORD, "carrier", words.CARRIERS),
            Field("promised_at", Form.INSTANT, "promised_at"),
        ),
    )
}  # fmt: skip
"""Layouts by topic, in order of their names."""
