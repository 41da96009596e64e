"""The table of faults with figures: python -m tests.faults [--rounds N] [--kills N] [--seconds S] [--quick].

Kills the service at each step of uploads and deletes and at random moments, of uploads in pieces too, makes PostgreSQL
and the S3 dead in every way, sends bad input, migrates beside traffic, kills machine after machine of several, and
counts. Exits with 1 if a figure is not what it must be.
"""

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from dev.parts import postgres
from tests import databases
from tests.faults import bad_input, failover, killing, outages, piece_figures, slow, surroundings, upgrades
from tests.faults.client import content_of
from tests.faults.failover import Failover
from tests.faults.killing import Campaign
from tests.faults.outages import Outage, percentile
from tests.faults.site import Site, installed
from tests.faults.upgrades import Migrated
from tests.scale import campaign as scale

SETTINGS = {"fsync": "off", "synchronous_commit": "off"}
"""It is the service that is killed, never PostgreSQL."""

SLOW_UPLOADS, SLOW_SECONDS, SLOW_READ = 64, 5.0, 9 << 20
IDLE, PARKED = 3000, 1000

NOISE = 0.1
"""Seconds at p99 that say nothing on a machine of two cores, where the clients run too."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    measure: str
    wanted: str
    found: str
    holds: bool


def main() -> int:
    """Measure everything, print it, and tell whether it holds."""
    arguments = parsed()
    folder = Path(tempfile.mkdtemp(prefix="opamp-faults-"))
    folder.chmod(0o755)
    started = time.monotonic()
    try:
        with postgres.running(folder / "postgres", settings=SETTINGS) as server:
            databases.make_template(server)
            with installed(folder, server, "campaign", packages={"max_size": "32MiB"}) as site:
                rows = measured(site, arguments)
        rows += of_scale(scale.run(folder, say))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say(f"\n{'measure':58} {'must be':>10}  found")
    for row in rows:
        say(f"{row.measure:58} {row.wanted:>10}  {row.found}{'' if row.holds else '   <-- NOT HELD'}")
    say(f"\n{time.monotonic() - started:.0f} s")
    return 0 if all(row.holds for row in rows) else 1


def parsed() -> argparse.Namespace:
    """How long and how often."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="kills at random moments (30)")
    parser.add_argument("--kills", type=int, default=100, help="kills at random moments of uploads in pieces (100)")
    parser.add_argument("--seconds", type=float, default=8, help="how long each dependency stays dead (8)")
    parser.add_argument("--clients", type=int, default=32, help="clients that ask meanwhile (32)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="packages that are migrated (1,000,000)")
    parser.add_argument("--quick", action="store_true", help="a few minutes for all: 3 kills, 2 seconds, 8 clients")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.kills, arguments.seconds = 3, 5, 2
        arguments.clients, arguments.rows = 8, 20_000
    return arguments


def measured(site: Site, arguments: argparse.Namespace) -> list[Row]:
    """All rows of the table."""
    campaign = killed(site, arguments.rounds)
    suffered = [
        told(outages.suffer(site, fault, seconds=arguments.seconds, clients=arguments.clients))
        for fault in (*outages.STORAGE_FAULTS, *outages.DATABASE_FAULTS)
    ]
    campaign.audit(site)
    bad = bad_input.send_all(site)
    say(f"bad input: {bad}")
    campaign.audit(site)
    migrated = upgrades.migrate_beside_traffic(site.postgres, rows=arguments.rows, hold=6)
    say(f"upgrades: {migrated}")
    return [
        *of_campaign(campaign),
        *of_outages(suffered),
        of_bad_input(bad),
        *of_upgrades(migrated, arguments.rows),
        *of_slow_clients(site),
        *of_failovers(failed_over(site.service.folder)),
        *(
            zero(f"{told.what}, of {told.tried}", told.wrong)
            for told in (*surroundings.all_told(site), *piece_figures.all_told(site, arguments.kills, say))
        ),
    ]


def failed_over(folder: Path) -> list[Failover]:
    """PostgreSQL fails over in two ways."""
    with failover.pair(folder) as servers:
        return [fault(folder, servers) for fault in (failover.by_name, failover.by_hosts)]


def killed(site: Site, rounds: int) -> Campaign:
    """Kills at each step, before and after it, then at random."""
    campaign = Campaign()
    for step in killing.STEPS:
        for after in (False, True):
            killing.kill_at(site, campaign, step, after=after)
            say(f"killed {'after ' if after else 'before'} {step[0]:34} {campaign.findings}")
    for number in range(rounds):
        killing.kill_at_random(site, campaign)
        say(f"killed at random, {number + 1} of {rounds}: {campaign.findings}")
    return campaign


def told(outage: Outage) -> Outage:
    """Print a line on an outage as soon as it is over."""
    say(
        f"{outage.fault:32} refused {len(outage.refused):6} p50 {percentile(outage.refused, 0.5):.2f} "
        f"p99 {percentile(outage.refused):.2f} s; JSON reads {len(outage.served):6} p99 "
        f"{percentile(outage.served):.2f} s; /health/live p99 {percentile(outage.control):.2f} s; "
        f"recovery {outage.recovery:.1f} s; wrong {dict(outage.wrong)}"
    )
    return outage


def of_campaign(campaign: Campaign) -> list[Row]:
    """What may never be lost or left."""
    found = campaign.findings
    return [
        zero(f"acknowledged uploads lost, of {len(campaign.acknowledged.uploads)}", found.lost),
        zero(f"listed packages whose bytes differ, of {len(campaign.known)}", found.rows_without_bytes),
        zero(f"objects left over after reconcile, {campaign.kills} kills", found.left_objects),
        zero("multipart uploads left over after reconcile", found.left_uploads),
        zero("ledger rows that contradict the packages", found.left_rows),
        zero("steps that the campaign missed", len(campaign.missed)),
    ]


def of_outages(suffered: list[Outage]) -> list[Row]:
    """How dead dependencies were answered."""
    refused = [seconds for outage in suffered for seconds in outage.refused]
    served = [seconds for outage in suffered for seconds in outage.served]
    worst = max(suffered, key=lambda outage: percentile(outage.refused))
    wrong = sum(sum(outage.wrong.values()) for outage in suffered)
    return [
        zero(f"answers that were neither 503 + Retry-After nor as usual, of {len(refused) + len(served)}", wrong),
        bounded(f"503 while a dependency is dead, p99 of {len(refused)}", percentile(refused), outages.LIMIT),
        bounded(f"the same, worst fault ({worst.fault})", percentile(worst.refused), outages.LIMIT),
        bounded(f"JSON reads while the S3 is dead, p99 of {len(served)}", percentile(served), outages.LIMIT),
        bounded("back to work after it returns", max(each.recovery for each in suffered), outages.RECOVERY),
    ]


def of_slow_clients(site: Site) -> list[Row]:
    """What others see of clients that are slow, or that only hold a connection."""
    client, port = site.client(), site.service.port
    package_id = int(client.put(content_of(SLOW_READ)).json()["id"])
    quiet = percentile(slow.reads(client, package_id, SLOW_SECONDS))
    with slow.uploads(port, site.tokens["publisher"], SLOW_UPLOADS):
        uploading = percentile(slow.reads(client, package_id, SLOW_SECONDS))
    with slow.idle(port, IDLE), slow.readers(port, site.tokens["agent"], package_id, PARKED):
        slow.until_filled(client)
        crowded = percentile(slow.reads(client, package_id, SLOW_SECONDS))
    beside = f"live, detail, list, p99 (quiet: {quiet:.3f} s)"
    return [
        bounded(f"{beside}, {SLOW_UPLOADS} slow uploads", uploading, max(2 * quiet, NOISE)),
        bounded(f"{beside}, {IDLE} idle, {PARKED} parked", crowded, max(2 * quiet, NOISE)),
    ]


def of_failovers(seen: list[Failover]) -> list[Row]:
    """How long PostgreSQL's failover lasts for clients, and what is lost."""
    return [
        row
        for each in seen
        for row in (
            bounded(f"{each.fault}: uploads work again", each.writing, failover.LIMIT),
            bounded(f"{each.fault}: reads work again", each.reading, failover.LIMIT),
            zero(f"{each.fault}: lost of {len(each.acknowledged)} acknowledged", each.lost),
            zero(f"{each.fault}: neither as usual nor 503", sum(each.wrong.values())),
        )
    ]


def of_bad_input(statuses: dict[int, int]) -> Row:
    """No answer to bad input is an error of ours."""
    wrong = sum(count for status, count in statuses.items() if status >= 500)
    return zero(f"5xx from bad input, of {sum(statuses.values())}", wrong)


def of_upgrades(migrated: Migrated, rows: int) -> list[Row]:
    """What requests notice of migrations beside them."""
    traffic = migrated.traffic
    return [
        bounded(f"slowest request beside upgrades of {rows} rows and a pg_dump", migrated.longest, upgrades.LIMIT),
        zero(f"requests failed beside them, of {traffic.requests}", sum(traffic.failed.values())),
    ]


def of_scale(campaign: scale.Campaign) -> list[Row]:
    """What clients notice of machines that die, where there are several."""
    suffered = campaign.suffered
    failed = sum(sum(each.wrong.values()) for each in suffered.values())
    requests = sum(each.requests for each in suffered.values())
    return [
        *(bounded(f"{what}: requests fail for", each.failing_for, each.limit) for what, each in suffered.items()),
        zero(f"failures there but 503 and downloads cut off, of {requests}", failed),
        zero(f"acknowledged uploads lost there, of {campaign.uploads}", len(campaign.lost)),
        zero("downloads with other bytes there", len(campaign.wrong)),
    ]


def zero(measure: str, found: int) -> Row:
    """A count that must be 0."""
    return Row(measure, "0", str(found), found == 0)


def bounded(measure: str, found: float, limit: float) -> Row:
    """Seconds that may not be more."""
    return Row(measure, f"<= {limit:.{0 if limit >= 1 else 2}f} s", f"{found:.2f} s", found <= limit)


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)  # noqa: T201 - this is a program


if __name__ == "__main__":
    sys.exit(main())
