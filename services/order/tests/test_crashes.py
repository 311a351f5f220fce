"""A process dies before or after any write and any call: another one brings its order to an end that is right."""

from dataclasses import dataclass
from uuid import uuid4

import pytest
from souk_chassis.database import Database
from souk_order import saga
from souk_order.domain import Order, State

from .world import ADA, Clock, Fuse, Killed, Replica, Shop, fused_peers, fused_store, replica

QUANTITY = 2
MORE_PLACES_THAN_THERE_ARE = 80


@dataclass(frozen=True)
class Story:
    """What a customer does, and how it may end: state, payment, pieces sold."""

    card: str = "tok_visa"
    stock: int = 5
    cancels: bool = False
    ends: tuple[tuple[State, str, int], ...] = ((State.CONFIRMED, "CAPTURED", QUANTITY),)


STORIES = {
    "all goes well": Story(),
    "the card is declined": Story("tok_declined", ends=((State.CANCELLED, "DECLINED", 0),)),
    "stock is short": Story(stock=1, ends=((State.CANCELLED, "NONE", 0),)),
    "the customer cancels": Story(cancels=True, ends=((State.CANCELLED, "REFUNDED", 0),)),
}


def _cancel(at: Replica, order: Order) -> Order:
    now = at.clock()
    with at.store.begin() as session:
        at.store.cancel(session, order.name, lambda progress: saga.cancel(progress, now), now)
    return at.see_through(order)


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_an_order_ends_well_wherever_its_process_died(
    shop: Shop, database: Database, clock: Clock, others: Replica, story: Story
) -> None:
    for place in range(1, MORE_PLACES_THAN_THERE_ARE):
        fuse = Fuse(place)
        doomed = replica(database, fused_peers(shop.peers, fuse), clock, store=fused_store(fuse))
        product, request_id = shop.product(story.stock), str(uuid4())
        if story.cancels:  # all goes well until then
            others.place(product, QUANTITY, request_id=request_id)
        try:
            order = doomed.place(product, QUANTITY, card=story.card, request_id=request_id)
            if story.cancels:
                _cancel(doomed, order)
        except Killed:
            clock.turn(seconds=20)  # past the lease, which nobody gave up
        # The caller asks again, at another replica.
        order = others.place(product, QUANTITY, card=story.card, request_id=request_id)
        if story.cancels:
            order = _cancel(others, order)
        sold = story.stock - shop.stock(product)[0]
        assert (order.state, shop.paid(order), sold) in story.ends, f"died at place {place}"
        assert shop.stock(product)[1] == 0, f"died at place {place}"
        if not fuse.has_blown:
            break
    else:
        pytest.fail("there are more places to die at than this test tries")
    assert place > 10
    assert others.store.due(clock(), 10) == []
    assert len(others.store.list(ADA, None, 1000)) == place
