"""Accounts, projects, units and materials of a world: a pure function of its seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, Final, Literal

from platform_sandbox.oceanengine import names

if TYPE_CHECKING:
    from datetime import date

    from platform_sandbox.world import World

Source = Literal["ebp", "customer_center", "agent", "life"]

BUDGETS: Final = (100, 150, 200, 300, 400, 500, 700, 800, 1000, 1200, 1500)
ACTIONS: Final = (
    "CLUE_ACQUISITION", "OTO_PAY", "POI_RECOMMEND", "PRIVATE_MESSAGE", "CLUE_CONFIRM",
    "LIVE_OTO_GROUP_BUYING",
)  # fmt: skip
SCENES: Final = ("CLUE", "PURCHASE", "POI_CUSTOMER", "CONTENT_HEATING")
_ALWAYS: Final = timedelta(days=20_000)
_EXTRA_AFTER: Final = 24
"""Units of the big account that report daily; the others join in on its busiest days."""


_PER_SLOT: Final = 40
"""More units than ever follow each other in one slot."""


@dataclass(frozen=True, slots=True)
class Material:
    """素材: a video or a set of pictures."""

    id: int
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Project:
    """项目: a group of units with one goal and one budget."""

    id: int
    name: str
    created: date
    budget: int
    scene: str
    goal: str
    action: str
    campaign_type: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class Unit:
    """单元 (promotion): it reports from its first to its last day, deleted or not.

    Attributes:
        weekly: It reports only on the big account's busiest day of the week.
        key: What its numbers are derived from.
    """

    id: int
    index: int
    name: str
    project: Project
    first: date
    last: date
    ordinals: range = field(repr=False)
    budget: int
    deleted: bool
    delivery_mode: str
    materials: tuple[Material, Material]
    weekly: bool
    steady: bool
    key: bytes

    def ended(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.last < today


@dataclass(frozen=True, slots=True)
class Account:
    """A 本地推 account and the ways it can be found.

    Attributes:
        sources: Subjects of the authorisation that list it.
    """

    id: int
    index: int
    name: str
    active: bool
    sources: frozenset[Source]
    projects: tuple[Project, ...] = field(repr=False)
    units: tuple[Unit, ...] = field(repr=False)
    materials: tuple[Material, ...] = field(repr=False)


def _draw(world: World, purpose: str) -> Random:
    return Random(f"{world.seed}:{purpose}")  # noqa: S311  made-up data


def account_id(world: World, index: int) -> int:
    """A 16-digit id, unlike its neighbours'."""
    low = int.from_bytes(blake2b(f"{world.seed}:id:{index}".encode(), digest_size=6).digest())
    return 1_800_000_000_000_000 + (index + 1) * 10**11 + low % 10**11


def entity_id(world: World, account: int, kind: int, index: int) -> int:
    """A 19-digit id whose last digits do not survive a float."""
    text = f"{world.seed}:{account}:{kind}:{index}".encode()
    low = int.from_bytes(blake2b(text, digest_size=6).digest()) % 10**9
    number = (account * 4 + kind) * 10**5 + index + 4_211
    # An odd factor permutes the numbers below 2**29: different ones stay different.
    return 7_600_000_000_000_000_000 + number * 2_654_435_761 % 2**29 * 10**9 + (low | 1)


def account_sources(world: World, index: int) -> frozenset[Source]:
    """Which subjects list an account: most the workbench, the last silent ones only another."""
    only: dict[int, Source] = {}
    if world.accounts - world.active >= 3:  # noqa: PLR2004  one silent account for each other way
        last = world.accounts - 1
        only = {last: "agent", last - 1: "life", last - 2: "customer_center"}
    if index in only:
        return frozenset({only[index]})
    also: dict[int, Source] = {0: "customer_center", 1: "life", 2: "agent"}
    return frozenset({"ebp", also[index]} if index in also else {"ebp"})


def build_accounts(world: World, start: date, end: date) -> tuple[Account, ...]:
    """All accounts of a world whose history lasts from `start` to `end`."""
    return tuple(_account(world, index, start, end) for index in range(world.accounts))


def _account(world: World, index: int, start: date, end: date) -> Account:
    draw = _draw(world, f"account:{index}")
    city = names.CITIES[index % len(names.CITIES)]
    brand = names.BRANDS[(index * 7 + draw.randrange(3)) % len(names.BRANDS)]
    active = index < world.active
    branch = f"({index // len(names.CITIES) + 1}店)" if index >= len(names.CITIES) else ""
    big = active and index == min(1, world.active - 1) and world.big_units > 0
    slots = draw.randint(*world.units) if active else 0
    if big:
        slots = max(slots, world.big_units)
    projects = _projects(world, index, slots, start) if active else ()
    materials = _materials(world, index, slots) if active else ()
    builder = _Units(world, index, start, end, projects, materials)
    return Account(
        id=account_id(world, index),
        index=index,
        name=f"{city}·{brand}{branch}",
        active=active,
        sources=account_sources(world, index),
        projects=projects,
        units=tuple(unit for slot in range(slots) for unit in builder.of_slot(slot, big=big)),
        materials=materials,
    )


def _projects(world: World, account: int, slots: int, start: date) -> tuple[Project, ...]:
    count = max(1, min(slots // 4, 60))
    projects = []
    for index in range(count):
        draw = _draw(world, f"project:{account}:{index}")
        created = start + timedelta(days=draw.randrange(30))
        goal = draw.choice(names.GOALS)
        projects.append(
            Project(
                id=entity_id(world, account, 1, index),
                name=f"{draw.choice(names.OFFERS)}_{goal}_{created:%m_%d}_{index + 1}",
                created=created,
                budget=draw.choice(BUDGETS) * 5,
                scene=draw.choice(SCENES),
                goal=draw.choice(("VIDEO_IMAGE", "VIDEO_IMAGE", "LIVE")),
                action=draw.choice(ACTIONS),
                campaign_type=draw.choice(("GENERAL", "GENERAL", "GENERAL", "SEARCHING")),
                deleted=index > 0 and draw.random() < 0.1,  # noqa: PLR2004  one in ten
            )
        )
    return tuple(projects)


def _materials(world: World, account: int, slots: int) -> tuple[Material, ...]:
    materials = []
    for index in range(max(2, min(slots * 2, 400))):
        draw = _draw(world, f"material:{account}:{index}")
        video = draw.random() < 0.8  # noqa: PLR2004  four in five
        materials.append(
            Material(
                id=entity_id(world, account, 2, index),
                name=f"{draw.choice(names.CREATIVES)}_{index + 1:03d}{'.mp4' if video else '.jpg'}",
                type="VIDEO" if video else "CASURAL",
            )
        )
    return tuple(materials)


@dataclass(frozen=True, slots=True)
class _Units:
    world: World
    account: int
    start: date
    end: date
    projects: tuple[Project, ...]
    materials: tuple[Material, ...]

    def of_slot(self, slot: int, *, big: bool) -> list[Unit]:
        """Units follow each other in a slot, so that the number per day stays in its range."""
        units: list[Unit] = []
        draw = _draw(self.world, f"slot:{self.account}:{slot}")
        weekly = big and slot >= _EXTRA_AFTER
        first = self.start
        while first <= self.end:
            endless = self.world.steady or weekly or slot == 0
            length = _ALWAYS if endless else timedelta(days=draw.randint(25, 70))
            index = slot * _PER_SLOT + len(units)
            last = first + length - timedelta(days=1)
            units.append(self._unit(draw, slot, index, first, last, weekly=weekly))
            first = last + timedelta(days=1)
        return units

    def _unit(
        self, draw: Random, slot: int, index: int, first: date, last: date, *, weekly: bool
    ) -> Unit:
        project = self.projects[slot % len(self.projects)]
        one, two = draw.sample(self.materials, 2)
        identity = entity_id(self.world, self.account, 0, index)
        offer = draw.choice(names.OFFERS)
        return Unit(
            id=identity,
            index=index,
            name=f"{offer}_{draw.choice(names.CREATIVES)}_{first:%m_%d}_{slot + 1}",
            project=project,
            first=first,
            last=last,
            ordinals=range(first.toordinal(), last.toordinal() + 1),
            budget=draw.choice(BUDGETS),
            deleted=last < self.end and draw.random() < 0.6,  # noqa: PLR2004  most are cleaned up
            delivery_mode=draw.choice(("MANUAL_MODE", "CDP_AUTO_MODE")),
            materials=(one, two),
            weekly=weekly,
            steady=self.world.steady or slot < self.world.units[0],
            key=blake2b(f"{self.world.seed}:{identity}".encode(), digest_size=16).digest(),
        )
