//! A reader of the OpenMetrics text format that forgives nothing.

use std::collections::{BTreeMap, BTreeSet};

pub(crate) type Labels = BTreeMap<String, String>;

#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: String,
    pub(crate) unit: Option<String>,
    /// The name's suffix, the labels, the value.
    pub(crate) samples: Vec<(String, Labels, f64)>,
}

#[derive(Debug)]
pub(crate) struct Exposition(pub(crate) BTreeMap<String, Family>);

impl Exposition {
    /// The value of the sample that has these labels and no others.
    #[track_caller]
    pub(crate) fn value(&self, family: &str, suffix: &str, labels: &[(&str, &str)]) -> f64 {
        let wanted = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let family = self.0.get(family).unwrap_or_else(|| panic!("no family {family}"));
        let mut found = family.samples.iter().filter(|(end, have, _)| end == suffix && *have == wanted);
        let value = found.next().unwrap_or_else(|| panic!("no sample {suffix} {wanted:?} in {family:?}")).2;
        assert!(found.next().is_none(), "{wanted:?} is there twice");
        value
    }
}

/// Reads a whole exposition.
pub(crate) fn read(text: &str) -> Result<Exposition, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("it does not end in # EOF")?;
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    let mut seen = BTreeSet::new();
    for line in body.lines() {
        if let Some(about) = line.strip_prefix("# ") {
            let mut parts = about.splitn(3, ' ');
            let (Some(word), Some(name), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(format!("not a description: {line}"));
            };
            if name != current {
                if families.contains_key(name) {
                    return Err(format!("{name} is described twice, or in two places"));
                }
                current = name.to_owned();
            }
            let family = families.entry(current.clone()).or_default();
            if !family.samples.is_empty() {
                return Err(format!("{word} of {name} is after its samples"));
            }
            match word {
                "HELP" => family.help = rest.to_owned(),
                "TYPE" => family.kind = rest.to_owned(),
                "UNIT" if name.ends_with(&format!("_{rest}")) => family.unit = Some(rest.to_owned()),
                _ => return Err(format!("not a description: {line}")),
            }
            continue;
        }
        let family = families.get_mut(&current).ok_or_else(|| format!("a sample of nothing: {line}"))?;
        if family.kind.is_empty() || family.help.is_empty() {
            return Err(format!("{current} has samples before TYPE and HELP"));
        }
        let sample = sample(line, &current, &family.kind).map_err(|why| format!("{why}: {line}"))?;
        if !seen.insert((current.clone(), sample.0.clone(), sample.1.clone())) {
            return Err(format!("there twice: {line}"));
        }
        family.samples.push(sample);
    }
    for (name, family) in families.iter().filter(|(_, family)| family.kind == "histogram") {
        histogram(family).map_err(|why| format!("{name}: {why}"))?;
    }
    Ok(Exposition(families))
}

fn sample(line: &str, family: &str, kind: &str) -> Result<(String, Labels, f64), String> {
    let end = line.find(['{', ' ']).ok_or("no value")?;
    let (name, rest) = line.split_at(end);
    let suffix = name.strip_prefix(family).ok_or("of another family")?;
    let suffixes: &[&str] = match kind {
        "gauge" => &[""],
        "counter" => &["_total"],
        "histogram" => &["_bucket", "_sum", "_count"],
        _ => return Err(format!("the type {kind}")),
    };
    if !suffixes.contains(&suffix) {
        return Err(format!("a {kind} with the suffix {suffix}"));
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Labels::new(), rest),
    };
    let value = rest.strip_prefix(' ').ok_or("no space before the value")?;
    let value: f64 = value.parse().map_err(|_| format!("the value {value}"))?;
    if !value.is_finite() || value < 0.0 {
        return Err(format!("the value {value}"));
    }
    Ok((suffix.to_owned(), labels, value))
}

fn labels(mut text: &str) -> Result<(Labels, &str), String> {
    let mut labels = Labels::new();
    loop {
        let (key, rest) = text.split_once("=\"").ok_or("a label without a value")?;
        let legal = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if key.is_empty() || !legal || key.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("the label {key}"));
        }
        let (value, rest) = quoted(rest)?;
        if labels.insert(key.to_owned(), value).is_some() {
            return Err(format!("the label {key} twice"));
        }
        match rest.split_at_checked(1) {
            Some((",", rest)) => text = rest,
            Some(("}", rest)) => return Ok((labels, rest)),
            _ => return Err("labels without an end".to_owned()),
        }
    }
}

/// What is before the closing quote, and what is behind it.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let (mut value, mut chars) = (String::new(), text.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => value.push(match chars.next() {
                Some((_, 'n')) => '\n',
                Some((_, c @ ('"' | '\\'))) => c,
                other => return Err(format!("the escape {other:?}")),
            }),
            _ => value.push(c),
        }
    }
    Err("a label without an end".to_owned())
}

/// The buckets of each series rise to `+Inf`, which is the count.
fn histogram(family: &Family) -> Result<(), String> {
    let mut open: BTreeMap<Labels, (f64, f64)> = BTreeMap::new();
    let mut counts = 0;
    for (suffix, labels, value) in &family.samples {
        let mut labels = labels.clone();
        match suffix.as_str() {
            "_bucket" => {
                let edge = labels.remove("le").ok_or("a bucket without le")?;
                let edge: f64 =
                    edge.replace("+Inf", "inf").parse().map_err(|_| format!("the edge {edge}"))?;
                let last = open.entry(labels).or_insert((f64::NEG_INFINITY, 0.0));
                if edge <= last.0 || *value < last.1 {
                    return Err(format!("buckets fall at {edge}"));
                }
                *last = (edge, *value);
            }
            "_count" => counts += usize::from(!open.contains_key(&labels)),
            _ => {}
        }
    }
    for (labels, (edge, count)) in &open {
        let told = family.samples.iter().find(|(end, have, _)| end == "_count" && have == labels);
        if *edge != f64::INFINITY || told.is_none_or(|told| told.2 != *count) {
            return Err(format!("the last bucket of {labels:?} is {edge} with {count}, the count {told:?}"));
        }
    }
    // The count may stand before the buckets.
    if open.is_empty() && counts > 0 { Err("no buckets".to_owned()) } else { Ok(()) }
}

#[test]
fn it_forgives_nothing() {
    let good = "# HELP a b\n# TYPE a gauge\na{x=\"1\",y=\"\\\"\\\\\\n\"} 1.5\na 2\n# EOF\n";
    assert_eq!(read(good).unwrap().value("a", "", &[("x", "1"), ("y", "\"\\\n")]), 1.5);
    let gauge = "# HELP a b\n# TYPE a gauge\n";
    let counter = "# HELP a b\n# TYPE a counter\n";
    let histogram = "# HELP a b\n# TYPE a histogram\n";
    for (before, bad) in [
        (gauge, "a 1\n"),
        (gauge, "a_total 1\n# EOF\n"),
        (gauge, "b 1\n# EOF\n"),
        (gauge, "a NaN\n# EOF\n"),
        (gauge, "a 1\na 2\n# EOF\n"),
        (gauge, "a{x=\"\n\"} 1\n# EOF\n"),
        (gauge, "a{x=\"a\"b\"} 1\n# EOF\n"),
        (gauge, "a{x=\"\\t\"} 1\n# EOF\n"),
        (gauge, "a{1=\"\"} 1\n# EOF\n"),
        (gauge, "a 1\n# HELP a b\n# EOF\n"),
        (counter, "a 1\n# EOF\n"),
        ("# HELP a b\n", "a 1\n# EOF\n"),
        ("", "a 1\n# EOF\n"),
        (histogram, "a_count 1\na_bucket{le=\"1.0\"} 1\n# EOF\n"),
        (histogram, "a_count 2\na_bucket{le=\"+Inf\"} 1\n# EOF\n"),
        (histogram, "a_count 1\na_bucket{le=\"1.0\"} 2\na_bucket{le=\"+Inf\"} 1\n# EOF\n"),
    ] {
        assert!(read(&format!("{before}{bad}")).is_err(), "{before}{bad}");
    }
}
