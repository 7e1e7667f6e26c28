"""Schedules: `cron(…)` and `at(…)` are meant in the time zone of the schedule, as at AWS, and one that is deleted and
made again is another one. The emulator takes all times for UTC, and looks for what is due every ten seconds.

Where clocks are put forward, a time that does not exist is left out, and where they are put back, one that comes twice
counts once [DG: EventBridge Scheduler, "Schedule types", "Daylight saving time"].
"""

import functools
import logging
import time
import uuid
from datetime import datetime, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SEAMS = {
    "ministack.core.responses:get_account_id": "",
    "ministack.core.responses:get_region": "",
    "ministack.core.responses:set_request_account_id": "access_key_id",
    "ministack.core.responses:set_request_region": "region",
    "ministack.services.eventbridge:_cron_next_fire": "fields after_dt",
    "ministack.services.eventbridge:_invoke_target": "target event rule view #550e304af0809563",
    "ministack.services.eventbridge:_parse_cron_fields": "expr",
    "ministack.services.eventbridge:_parse_rate_seconds": "expr",
    "ministack.services.scheduler:_SCHEDULE_TICK_INTERVAL": "int",
    "ministack.services.scheduler:_at_time_epoch": "expr",
    "ministack.services.scheduler:_schedules": "AccountRegionScopedDict",
    "ministack.services.scheduler:_ticker_loop": " #51e1b1334023fb4a",
    "ministack.services.scheduler:_tick_schedules": " #0ece514e91205b1d",
    "ministack.services.scheduler:_to_epoch": "value",
}

# So many seconds after its time a schedule comes at most.
INTERVAL = 1

log = logging.getLogger("schedules")
# When the emulator was started. What came once before that is not known any more.
started = 0.0
# When a schedule came, by what it is and when; at first, when it was first seen.
came = {}


def install():
    """Replaces what looks for schedules that are due."""
    from ministack.services import scheduler

    global started
    started = time.time()
    scheduler._SCHEDULE_TICK_INTERVAL = INTERVAL
    scheduler._tick_schedules = look


def look():
    """Delivers what is due."""
    from ministack.services import scheduler

    now, schedules = time.time(), scheduler._schedules._data
    there = {identity(place, schedule): (place, schedule) for place, schedule in list(schedules.items())}
    for gone in came.keys() - there.keys():
        del came[gone]
    for own, (place, schedule) in there.items():
        is_due = due(own, schedule, now)
        if is_due:
            came[own] = now
            deliver(place, schedule, now)
        if schedule.get("ActionAfterCompletion") == "DELETE" and is_over(schedule, now, is_due):
            schedules.pop(place, None)


def identity(place, schedule):
    """What tells a schedule from others, and from itself at other times."""
    return place, schedule.get("CreationDate"), schedule.get("ScheduleExpression"), zone_of(schedule)


def due(own, schedule, now):
    """Whether a schedule comes now."""
    from ministack.services import eventbridge, scheduler

    start = scheduler._to_epoch(schedule.get("StartDate"))
    if own in came and schedule.get("State") != "ENABLED":
        # What was due while it was off does not come when it is on again.
        came[own] = now
    if schedule.get("State") != "ENABLED" or has_ended(schedule, now) or (start is not None and now < start):
        return False
    expression, zone = schedule.get("ScheduleExpression", ""), zone_of(schedule)
    created = schedule.get("CreationDate", now)
    if (once := time_of(expression, zone)) is not None:
        return own not in came and now >= once and max(once, created) >= started
    if (interval := eventbridge._parse_rate_seconds(expression)) is not None:
        return now - came.setdefault(own, created) >= interval
    fields = eventbridge._parse_cron_fields(expression)
    following = fields and next_time(fields, zone, came.setdefault(own, now))
    return following is not None and now >= following


def has_ended(schedule, now):
    from ministack.services import scheduler

    end = scheduler._to_epoch(schedule.get("EndDate"))
    return end is not None and now > end


def is_over(schedule, now, is_due):
    """Whether a schedule does not come again."""
    is_once = time_of(schedule.get("ScheduleExpression", ""), zone_of(schedule)) is not None
    return has_ended(schedule, now) or (is_due and is_once)


def zone_of(schedule):
    return zone_named(schedule.get("ScheduleExpressionTimezone") or "UTC")


@functools.cache
def zone_named(name):
    """A time zone of this machine; UTC if it does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        log.warning("this machine has no time zone %s, so schedules in it are taken for UTC", name)
        return timezone.utc


def time_of(expression, zone):
    """When a schedule comes that comes once."""
    from ministack.services import scheduler

    seconds = scheduler._at_time_epoch(expression)
    return None if seconds is None else in_zone(datetime.fromtimestamp(seconds, timezone.utc), zone)


def next_time(fields, zone, after):
    """When a `cron(…)` comes for the first time after a time. The emulator computes with the time on the clock there as
    if that were UTC."""
    from ministack.services import eventbridge

    clock = on_clock(after, zone)
    while (clock := eventbridge._cron_next_fire(fields, clock)) is not None:
        seconds = in_zone(clock, zone)
        # After clocks were put back they show what is over.
        if seconds > after and on_clock(seconds, zone) == clock:
            return seconds
    return None


def on_clock(seconds, zone):
    """What clocks of a zone show at a time."""
    return datetime.fromtimestamp(seconds, zone).replace(tzinfo=timezone.utc, fold=0)


def in_zone(clock, zone):
    """When clocks of a zone show this for the first time."""
    return clock.replace(tzinfo=zone, fold=0).timestamp()


def deliver(place, schedule, now):
    """Delivers to the target of a schedule, in its account and region."""
    from ministack.core.responses import get_account_id, get_region, set_request_account_id, set_request_region
    from ministack.services import eventbridge

    (account, region, _), before = place, (get_account_id(), get_region())
    set_request_account_id(account)
    set_request_region(region)
    event = {"EventId": str(uuid.uuid4()), "Source": "aws.scheduler", "DetailType": "Scheduled Event", "Detail": "{}",
             "Time": now, "Resources": [schedule.get("Arn", "")], "Account": account, "Region": region}
    try:
        eventbridge._invoke_target(schedule["Target"], event, schedule)
    except Exception:
        log.exception("cannot deliver for %s", schedule.get("Arn"))
    finally:
        set_request_account_id(before[0])
        set_request_region(before[1])
