//! A reader of PostgREST's query language, written from its grammar and knowing nothing of the writer under test.
//!
//! It accepts exactly what the server does, with the server's surprises: an unquoted text ends at a comma or parenthesis, a
//! list of one empty text is the empty list, and a parameter of a call is a condition if it looks like one.

/// `[not.]operator.operand`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) negated: bool,
    pub(crate) operator: String,
    pub(crate) operand: Operand,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    Text(String),
    List(Vec<String>),
}

/// A tree inside `and` or `or`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    Leaf { column: String, condition: Condition },
    Joint { negated: bool, joint: String, of: Vec<Tree> },
}

const OPERATORS: [&str; 20] = [
    "eq",
    "gte",
    "gt",
    "lte",
    "lt",
    "neq",
    "like",
    "ilike",
    "cs",
    "cd",
    "ov",
    "sl",
    "sr",
    "nxr",
    "nxl",
    "adj",
    "match",
    "imatch",
    "isdistinct",
    "fts",
];

/// The parameters of a target, decoded as a form.
pub(crate) fn parameters(target: &str) -> Vec<(String, String)> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// The value of a parameter whose name is a column.
pub(crate) fn condition(text: &str) -> Result<Condition, String> {
    let (condition, rest) = read_condition(text, |text| Ok((text.to_owned(), "")))?;
    if rest.is_empty() { Ok(condition) } else { Err(format!("left over: {rest:?}")) }
}

/// The parameter `and`, `or`, `not.and` or `not.or`.
pub(crate) fn tree(name: &str, value: &str) -> Result<Tree, String> {
    let text = format!("{name}{value}");
    let (tree, rest) = read_tree(&text)?;
    if rest.is_empty() { Ok(tree) } else { Err(format!("left over: {rest:?}")) }
}

/// Whether the server takes a parameter of a call for a condition.
pub(crate) fn is_condition(name: &str, value: &str) -> bool {
    let first = value.split('.').next().unwrap_or_default();
    let before_parenthesis = value.split_once('(').map(|(name, _)| name);
    let full_text = ["fts", "plfts", "phfts", "wfts"];
    name.contains('.')
        || (first == "not" && value.contains('.'))
        || ["is", "in"].contains(&first)
        || OPERATORS.contains(&first)
        || full_text.contains(&first)
        || before_parenthesis.is_some_and(|name| full_text.contains(&name) || OPERATORS.contains(&name))
}

/// Whether a parameter's name is one of the server's own, at any depth of embedding.
pub(crate) fn is_reserved(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    ["select", "columns", "on_conflict"].contains(&name)
        || ["order", "limit", "offset", "and", "or"].contains(&last)
}

/// A list of names, as in `columns` and `on_conflict`.
pub(crate) fn names(text: &str) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        let (name, after) = read_name(rest)?;
        names.push(name);
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None if after.is_empty() => return Ok(names),
            None => return Err(format!("left over: {after:?}")),
        }
    }
}

/// The column that a parameter's name means, without its JSON path; with the names of the resources before it.
pub(crate) fn column(text: &str) -> Result<Vec<String>, String> {
    let mut path = Vec::new();
    let mut rest = text;
    loop {
        let (name, after) = read_name(rest)?;
        path.push(name);
        match after.strip_prefix('.') {
            Some(after) => rest = after,
            None if read_path(after)?.is_empty() => return Ok(path),
            None => return Err(format!("left over: {after:?}")),
        }
    }
}

/// A PostgreSQL array of texts; `None` is null.
pub(crate) fn array(text: &str) -> Result<Vec<Option<String>>, String> {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).ok_or("no braces")?;
    let mut elements = Vec::new();
    let mut rest = inner;
    if rest.is_empty() {
        return Ok(elements);
    }
    loop {
        let after = if rest.starts_with('"') {
            let (element, after) = read_quoted(rest)?;
            elements.push(Some(element));
            after
        } else {
            let end = rest.find([',', '{', '}', '"', '\\']).unwrap_or(rest.len());
            let (element, after) = rest.split_at(end);
            elements.push((!element.eq_ignore_ascii_case("null")).then(|| element.trim().to_owned()));
            after
        };
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None if after.is_empty() => return Ok(elements),
            None => return Err(format!("left over in the array: {after:?}")),
        }
    }
}

/// The values that a list matches.
pub(crate) fn matched(list: &[String]) -> std::collections::BTreeSet<String> {
    if list == [""] { Default::default() } else { list.iter().cloned().collect() }
}

fn read_condition<'a>(
    text: &'a str,
    read_text: impl Fn(&'a str) -> Result<(String, &'a str), String>,
) -> Result<(Condition, &'a str), String> {
    let (negated, text) = text.strip_prefix("not.").map_or((false, text), |text| (true, text));
    let (operator, rest) = text.split_once('.').ok_or_else(|| format!("no operator in {text:?}"))?;
    let (operand, rest) = match operator {
        "in" => {
            let (list, rest) = read_list(rest)?;
            (Operand::List(list), rest)
        }
        "is" => {
            let end = rest.find([',', ')']).unwrap_or(rest.len());
            let (word, rest) = rest.split_at(end);
            if !["null", "true", "false", "unknown"].contains(&word) {
                return Err(format!("is what: {word:?}"));
            }
            (Operand::Text(word.to_owned()), rest)
        }
        operator if OPERATORS.contains(&operator) => {
            let (text, rest) = read_text(rest)?;
            (Operand::Text(text), rest)
        }
        _ => return Err(format!("unknown operator {operator:?}")),
    };
    Ok((Condition { negated, operator: operator.to_owned(), operand }, rest))
}

fn read_list(text: &str) -> Result<(Vec<String>, &str), String> {
    let mut rest = text.strip_prefix('(').ok_or("no list")?;
    let mut list = Vec::new();
    loop {
        let (element, after) = read_element(rest);
        list.push(element);
        if let Some(after) = after.strip_prefix(',') {
            rest = after;
        } else {
            return after
                .strip_prefix(')')
                .map(|rest| (list, rest))
                .ok_or_else(|| "the list is not closed".into());
        }
    }
}

/// Quoted if that fits, else everything up to a comma or parenthesis.
fn read_element(text: &str) -> (String, &str) {
    if let Ok((value, rest)) = read_quoted(text)
        && (rest.is_empty() || rest.starts_with([',', ')']))
    {
        return (value, rest);
    }
    let end = text.find([',', ')']).unwrap_or(text.len());
    let (value, rest) = text.split_at(end);
    (value.to_owned(), rest)
}

/// Like an element, but braces hold a text together.
fn read_tree_value(text: &str) -> Result<(String, &str), String> {
    if text.starts_with('{')
        && let Some(end) = text[1..].find(['{', '}']).map(|at| at + 1)
        && text[end..].starts_with('}')
    {
        return Ok((text[..=end].to_owned(), &text[end + 1..]));
    }
    Ok(read_element(text))
}

fn read_quoted(text: &str) -> Result<(String, &str), String> {
    let mut chars = text.strip_prefix('"').ok_or("no quote")?.chars();
    let mut value = String::new();
    loop {
        match chars.next().ok_or("the quote is not closed")? {
            '"' => return Ok((value, chars.as_str())),
            '\\' => value.push(chars.next().ok_or("nothing after a backslash")?),
            c => value.push(c),
        }
    }
}

fn read_name(text: &str) -> Result<(String, &str), String> {
    if text.starts_with('"') {
        return read_quoted(text);
    }
    let dash = |at: usize| text[at..].starts_with('-') && !text[at..].starts_with("->");
    let bare = |(at, c): (usize, char)| c.is_alphanumeric() || "_ $".contains(c) || dash(at);
    let end = text.char_indices().find(|&at| !bare(at)).map_or(text.len(), |(at, _)| at);
    let (name, rest) = text.split_at(end);
    if name.is_empty() { Err(format!("no name in {text:?}")) } else { Ok((name.trim().to_owned(), rest)) }
}

/// What follows a JSON path, if there is one.
fn read_path(mut rest: &str) -> Result<&str, String> {
    while let Some(key) = rest.strip_prefix("->>").or_else(|| rest.strip_prefix("->")) {
        rest = match key.strip_prefix('-') {
            Some(index) => {
                let after = index.trim_start_matches(|c: char| c.is_ascii_digit());
                let ends = after.is_empty() || after.starts_with('.') || after.starts_with("->");
                if after.len() == index.len() || !ends {
                    return Err(format!("no index in {key:?}"));
                }
                after
            }
            None => read_name(key)?.1,
        };
    }
    Ok(rest)
}

fn read_tree(text: &str) -> Result<(Tree, &str), String> {
    let leaf = read_name(text).and_then(|(column, rest)| {
        let text = read_path(rest)?.strip_prefix('.').ok_or("no operator after the column")?;
        let (condition, rest) = read_condition(text, read_tree_value)?;
        Ok((Tree::Leaf { column, condition }, rest))
    });
    if leaf.is_ok() {
        return leaf;
    }
    let (negated, text) = text.strip_prefix("not.").map_or((false, text), |text| (true, text));
    let joint =
        ["and", "or"].into_iter().find(|joint| text.starts_with(joint)).ok_or("neither and nor or")?;
    let mut rest = text[joint.len()..].strip_prefix('(').ok_or("no parenthesis after the joint")?;
    let mut of = Vec::new();
    loop {
        let (member, after) = read_tree(rest)?;
        of.push(member);
        if let Some(after) = after.strip_prefix(',') {
            rest = after;
        } else {
            let rest =
                after.strip_prefix(')').ok_or_else(|| format!("the tree is not closed at {after:?}"))?;
            return Ok((Tree::Joint { negated, joint: joint.to_owned(), of }, rest));
        }
    }
}
