//! `schedule`: when. What the service refuses without a reason is an error that says it [aws-facts-services: 4; recorded:
//! scheduler].

use crate::config::decode::help;
use crate::config::section::Shape;
use serde_json::json;

const EXAMPLES: [&str; 3] = ["cron(0 7 * * ? *)", "rate(5 minutes)", "at(2031-12-31T23:59:59)"];

/// What is wrong, and what to do.
type Wrong = (String, String);

/// The shape of an expression.
pub(super) fn expression() -> Shape<String> {
    let schema = json!({ "type": "string", "pattern": "^(cron|rate|at)\\(.+\\)$", "examples": EXAMPLES });
    Shape::new(schema, |value| {
        let text = value.text()?;
        match check(text) {
            Ok(()) => Some(text.to_owned()),
            Err((wrong, way)) => value.fail(wrong, help(way)),
        }
    })
}

fn check(text: &str) -> Result<(), Wrong> {
    let within = |word: &str| text.strip_prefix(word)?.strip_prefix('(')?.strip_suffix(')');
    match (within("rate"), within("cron"), within("at")) {
        (Some(rate), ..) => check_rate(rate),
        (_, Some(cron), _) => check_cron(cron),
        (.., Some(at)) => check_at(at),
        _ => Err((
            format!("`{text}` is no schedule"),
            format!("write for example {}", crate::suggest::quoted(&EXAMPLES).replace(" and ", " or ")),
        )),
    }
}

/// Singular for 1 only, and no seconds.
fn check_rate(text: &str) -> Result<(), Wrong> {
    let wrong = |way: &str| Err((format!("`rate({text})` is no rate"), way.to_owned()));
    let parts: Vec<&str> = text.split(' ').collect();
    let (number, unit) = match parts.as_slice() {
        [number, unit] if !number.is_empty() && !unit.is_empty() => (*number, *unit),
        _ => return wrong("write a number and a unit, for example `rate(5 minutes)`"),
    };
    let Some(count) = number.parse::<u32>().ok().filter(|count| *count > 0 && !number.starts_with('+'))
    else {
        return wrong("the number is a whole one from 1 on");
    };
    let one = unit.strip_suffix('s').unwrap_or(unit);
    if !["minute", "hour", "day"].contains(&one) {
        return wrong("the unit is minutes, hours or days");
    }
    let right = if count == 1 { one.to_owned() } else { format!("{one}s") };
    if unit == right { Ok(()) } else { wrong(&format!("write `rate({count} {right})`")) }
}

/// A time without a zone: `timezone` says which.
fn check_at(text: &str) -> Result<(), Wrong> {
    if text.len() == 19 && chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").is_ok() {
        return Ok(());
    }
    let way = match text.strip_suffix('Z') {
        Some(_) => "write it without `Z`: `timezone` says in which zone it is, by default UTC",
        None => "write for example `at(2031-12-31T23:59:59)`",
    };
    Err((format!("`at({text})` is no time"), way.to_owned()))
}

/// A field of a cron expression: its name, its limits, the names of its values, and what else it may be.
struct Part {
    name: &'static str,
    least: u32,
    most: u32,
    names: &'static [&'static str],
    may_be: fn(&Part, &str) -> bool,
}

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const PARTS: [Part; 6] = [
    Part { name: "minutes", least: 0, most: 59, names: &[], may_be: |_, _| false },
    Part { name: "hours", least: 0, most: 23, names: &[], may_be: |_, _| false },
    Part { name: "day of the month", least: 1, most: 31, names: &[], may_be: is_day_of_month },
    Part { name: "month", least: 1, most: 12, names: MONTHS, may_be: |_, _| false },
    Part { name: "day of the week", least: 1, most: 7, names: DAYS, may_be: is_day_of_week },
    Part { name: "year", least: 1970, most: 2199, names: &[], may_be: |_, _| false },
];

/// The last day, the last working day, or the working day nearest to one.
fn is_day_of_month(part: &Part, text: &str) -> bool {
    ["?", "L", "LW"].contains(&text) || text.strip_suffix('W').is_some_and(|day| part.number(day).is_some())
}

/// The last one of a month, or the nth one.
fn is_day_of_week(part: &Part, text: &str) -> bool {
    let last = text.strip_suffix('L').is_some_and(|day| day.is_empty() || part.number(day).is_some());
    let nth = text.split_once('#').is_some_and(|(day, nth)| {
        part.number(day).is_some() && nth.parse::<u32>().is_ok_and(|nth| (1..=5).contains(&nth))
    });
    text == "?" || last || nth
}

impl Part {
    fn number(&self, text: &str) -> Option<u32> {
        let named = self.names.iter().zip(1_u32..).find(|(name, _)| name.eq_ignore_ascii_case(text));
        let number = named.map(|(_, number)| number).or_else(|| text.parse().ok());
        number.filter(|number| (self.least..=self.most).contains(number))
    }

    /// Values, ranges and steps, in a list.
    fn is_valid(&self, text: &str) -> bool {
        let one = |text: &str| {
            let (range, step) =
                text.split_once('/').map_or((text, None), |(range, step)| (range, Some(step)));
            let is_step = step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0));
            let ends: Vec<&str> = range.split('-').collect();
            let is_range =
                range == "*" || ends.len() <= 2 && ends.iter().all(|end| self.number(end).is_some());
            is_step && is_range
        };
        (self.may_be)(self, text) || text.split(',').all(one)
    }
}

fn check_cron(text: &str) -> Result<(), Wrong> {
    let fields: Vec<&str> = text.split(' ').collect();
    let wrong =
        |reason: String, way: &str| Err((format!("`cron({text})` is no schedule: {reason}"), way.to_owned()));
    if fields.len() != PARTS.len() || fields.contains(&"") {
        let count = text.split_whitespace().count();
        let names: Vec<String> = PARTS.iter().map(|part| part.name.to_owned()).collect();
        let way = format!("write {}, with one blank between them", crate::suggest::listed(&names));
        return wrong(format!("it has {count} fields, not 6"), &way);
    }
    for (part, field) in PARTS.iter().zip(&fields) {
        if !part.is_valid(field) {
            let names = match part.names {
                [first, .., last] => format!(", or {first} to {last}"),
                _ => String::new(),
            };
            let way =
                format!("write numbers from {} to {}{names}, `*`, ranges or steps", part.least, part.most);
            return wrong(format!("`{field}` is not possible as {}", part.name), &way);
        }
    }
    match (fields[2], fields[4]) {
        ("?", "?") => wrong("both of the days are `?`".to_owned(), "write `*` for one of them"),
        ("?", _) | (_, "?") => Ok(()),
        _ => wrong(
            "the day of the month and the day of the week exclude each other".to_owned(),
            "write `?` for one of them",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_takes_is_taken() {
        for valid in [
            "rate(1 minute)",
            "rate(5 minutes)",
            "at(2031-12-31T23:59:59)",
            "cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)",
            "cron(1-31/30 1-1 ? * 1,7 *)",
            "cron(0 18 ? * MON-FRI *)",
            "cron(*/15 * * * ? *)",
            "cron(0-59/10 0-23/2 ? * * *)",
            "cron(15 10 ? * 6L 2002-2005)",
            "cron(* * ? * SAT#3 *)",
            "cron(0/5 5 ? JAN 1-5 2022)",
            "cron(0 9 LW * ? *)",
            "cron(0 9 15W * ? *)",
        ] {
            assert_eq!(check(valid), Ok(()), "{valid}");
        }
    }

    #[test]
    fn what_aws_refuses_is_an_error_that_says_why() {
        for (wrong, way) in [
            ("cron(0 1 * * * *)", "write `?` for one of them"),
            ("cron(0 1 ? * ? *)", "write `*` for one of them"),
            ("cron(7 20 * * NOT *)", "write numbers from 1 to 7, or SUN to SAT"),
            ("cron(INVALID)", "write minutes, hours, day of the month"),
            ("cron(0  dummy ? * MON-FRI *)", "with one blank between them"),
            ("cron(71 8 1 * ? *)", "from 0 to 59"),
            ("cron()", "write minutes"),
            ("rate(10 seconds)", "minutes, hours or days"),
            ("rate(10 years)", "minutes, hours or days"),
            ("rate(10)", "a number and a unit"),
            ("rate(foo minutes)", "a whole one"),
            ("rate(0 minutes)", "a whole one"),
            ("rate( 10 minutes )", "a number and a unit"),
            (" rate(10 minutes)", "write for example"),
            ("rate(1 minutes)", "write `rate(1 minute)`"),
            ("rate(5 minute)", "write `rate(5 minutes)`"),
            ("at(2021-12-31T23:59:59Z)", "without `Z`"),
            ("at(2021-12-31)", "write for example"),
        ] {
            let (_, help) = check(wrong).expect_err(wrong);
            assert!(help.contains(way), "{wrong}: {help}");
        }
    }
}
