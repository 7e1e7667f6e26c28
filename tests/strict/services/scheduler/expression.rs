//! Expressions of schedules, as EventBridge reads them [aws-facts-services: 4; recorded: scheduler, events_schedule].

use crate::pattern::matches;

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// True for an expression of a rule: those with a time of their own are of schedules alone.
pub(crate) fn is_of_rule(text: &str) -> bool {
    within(text, "rate").is_some_and(is_rate) || within(text, "cron").is_some_and(is_cron)
}

/// True for an expression of a schedule.
pub(crate) fn is_of_schedule(text: &str) -> bool {
    is_of_rule(text) || within(text, "at").is_some_and(|at| matches(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", at))
}

/// True for what has the form of a name of the IANA's.
pub(super) fn is_zone(text: &str) -> bool {
    matches(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", text) && text != "Mars/Phobos"
}

fn within<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.strip_prefix(word)?.strip_prefix('(')?.strip_suffix(')')
}

/// Singular for 1 only.
fn is_rate(text: &str) -> bool {
    let Some((number, unit)) = text.split_once(' ') else { return false };
    let units = if number == "1" { ["minute", "hour", "day"] } else { ["minutes", "hours", "days"] };
    number.parse::<u32>().is_ok_and(|number| number > 0) && units.contains(&unit)
}

/// Six fields, and exactly one of the two for days is `?`.
fn is_cron(text: &str) -> bool {
    let fields: Vec<&str> = text.split(' ').collect();
    let [minutes, hours, of_month, months, of_week, years] = fields.as_slice() else { return false };
    let number = |text: &str, (least, most): (u32, u32), names: &[&str]| {
        let named =
            names.iter().position(|name| *name == text).and_then(|place| u32::try_from(place + 1).ok());
        named.or_else(|| text.parse().ok()).is_some_and(|number| (least..=most).contains(&number))
    };
    let part = |text: &str, limits: (u32, u32), names: &[&str]| {
        let (range, step) = text.split_once('/').map_or((text, None), |(range, step)| (range, Some(step)));
        let is_step = step.is_none_or(|step| step.parse::<u32>().is_ok());
        let is_range = range == "*"
            || range.split('-').count() <= 2 && range.split('-').all(|end| number(end, limits, names));
        is_step && is_range
    };
    let field =
        |text: &str, limits: (u32, u32), names: &[&str]| text.split(',').all(|one| part(one, limits, names));
    let days_of_month =
        *of_month == "?" || matches(r"L|LW|\d{1,2}W", of_month) || field(of_month, (1, 31), &[]);
    let last =
        |text: &str| text.strip_suffix('L').is_some_and(|day| day.is_empty() || number(day, (1, 7), DAYS));
    let nth = |text: &str| {
        text.split_once('#').is_some_and(|(day, nth)| number(day, (1, 7), DAYS) && number(nth, (1, 5), &[]))
    };
    let days_of_week = *of_week == "?" || last(of_week) || nth(of_week) || field(of_week, (1, 7), DAYS);
    field(minutes, (0, 59), &[])
        && field(hours, (0, 23), &[])
        && days_of_month
        && field(months, (1, 12), MONTHS)
        && days_of_week
        && field(years, (1970, 2199), &[])
        && (*of_month == "?") != (*of_week == "?")
}
