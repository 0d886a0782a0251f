//! Conditions on rows: comparisons, and trees of them.
//!
//! At the top of a query a comparison is a parameter of its own, `title=eq.x`, and its value is written as it is. Inside a
//! tree, `or=(title.eq.x,id.gt.3)`, it shares one text with its neighbours, and its value is quoted if it has to be.

use std::ops::Not;

use super::ident;
use super::value::{FilterValue, array, write_element, write_list};

/// A condition.
///
/// ```
/// use pool_supabase::Expr;
///
/// let open_or_mine = Expr::any([Expr::is_null("closed_at"), Expr::eq("owner", "me")]);
/// let not_that = !Expr::like("title", "draft%");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a condition does nothing until it is given to a query"]
pub struct Expr(Node);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Leaf { column: String, negated: bool, test: Test },
    Tree { joint: &'static str, negated: bool, of: Vec<Expr> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    /// An operator with one value.
    One(&'static str, String),
    In(Vec<String>),
    /// An operator with a PostgreSQL array.
    Array(&'static str, Vec<String>),
    Is(&'static str),
    Raw(String),
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident $operator:literal)*) => { $(
        $(#[$doc])*
        pub fn $name(column: impl Into<String>, value: impl Into<FilterValue>) -> Self {
            Self::leaf(column, Test::One($operator, value.into().0))
        }
    )* };
}

macro_rules! arrays {
    ($($(#[$doc:meta])* $name:ident $operator:literal)*) => { $(
        $(#[$doc])*
        pub fn $name<V: Into<FilterValue>>(column: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
            Self::leaf(column, Test::Array($operator, texts(values)))
        }
    )* };
}

impl Expr {
    comparisons! {
        /// Equal.
        eq "eq"
        /// Not equal; false for null.
        neq "neq"
        /// Greater.
        gt "gt"
        /// Greater or equal.
        gte "gte"
        /// Less.
        lt "lt"
        /// Less or equal.
        lte "lte"
        /// Matches a pattern: `%` is any text, `_` any character, `\` takes away their meaning. `*` is the same as `%`, always.
        like "like"
        /// Like [`like`](Self::like), without regard to case.
        ilike "ilike"
    }

    arrays! {
        /// The array column contains all of these.
        contains "cs"
        /// All of the array column's elements are among these.
        contained_by "cd"
        /// The array column has one of these at least.
        overlaps "ov"
    }

    /// Equal to one of these; to nothing, if there are none.
    pub fn in_<V: Into<FilterValue>>(column: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        Self::leaf(column, Test::In(texts(values)))
    }

    /// Is null.
    pub fn is_null(column: impl Into<String>) -> Self {
        Self::leaf(column, Test::Is("null"))
    }

    /// Is true, and not null.
    pub fn is_true(column: impl Into<String>) -> Self {
        Self::leaf(column, Test::Is("true"))
    }

    /// Is false, and not null.
    pub fn is_false(column: impl Into<String>) -> Self {
        Self::leaf(column, Test::Is("false"))
    }

    /// Is neither true nor false; for booleans.
    pub fn is_unknown(column: impl Into<String>) -> Self {
        Self::leaf(column, Test::Is("unknown"))
    }

    /// Any operator in PostgREST's own words, such as `fts(english).cat`. It is percent-encoded, and nothing else: inside a tree
    /// a comma or parenthesis in it has its meaning.
    pub fn raw(column: impl Into<String>, operator_and_value: impl Into<String>) -> Self {
        Self::leaf(column, Test::Raw(operator_and_value.into()))
    }

    /// One of these at least.
    pub fn any(of: impl IntoIterator<Item = Expr>) -> Self {
        Expr(Node::Tree { joint: "or", negated: false, of: of.into_iter().collect() })
    }

    /// All of these.
    pub fn all(of: impl IntoIterator<Item = Expr>) -> Self {
        Expr(Node::Tree { joint: "and", negated: false, of: of.into_iter().collect() })
    }

    fn leaf(column: impl Into<String>, test: Test) -> Self {
        Expr(Node::Leaf { column: column.into(), negated: false, test })
    }

    /// The condition as a parameter of a query.
    pub(super) fn parameter(&self) -> Result<(String, String), String> {
        match &self.0 {
            Node::Leaf { column, negated, test } => {
                let column = checked_column(column)?;
                let mut value = String::from(if *negated { "not." } else { "" });
                test.check().map_err(|says| format!("the value for {} {says}", column.text))?;
                test.write(&mut value, |out, text| out.push_str(text));
                Ok((column.text, value))
            }
            Node::Tree { joint, negated, of } => {
                let mut value = String::new();
                write_members(&mut value, joint, of)?;
                Ok((format!("{}{joint}", if *negated { "not." } else { "" }), value))
            }
        }
    }

    /// The condition inside a tree.
    fn write(&self, out: &mut String) -> Result<(), String> {
        match &self.0 {
            Node::Leaf { column, negated, test } => {
                let column = checked_column(column)?;
                if column.embedded {
                    return Err(format!(
                        "the column {} of an embedded resource cannot stand inside any() or all()",
                        column.text
                    ));
                }
                test.check().map_err(|says| format!("the value for {} {says}", column.text))?;
                out.push_str(&column.text);
                out.push_str(if *negated { ".not." } else { "." });
                test.write(out, write_element);
            }
            Node::Tree { joint, negated, of } => {
                out.push_str(if *negated { "not." } else { "" });
                out.push_str(joint);
                write_members(out, joint, of)?;
            }
        }
        Ok(())
    }
}

impl Not for Expr {
    type Output = Expr;

    fn not(self) -> Expr {
        Expr(match self.0 {
            Node::Leaf { column, negated, test } => Node::Leaf { column, negated: !negated, test },
            Node::Tree { joint, negated, of } => Node::Tree { joint, negated: !negated, of },
        })
    }
}

impl Test {
    /// PostgREST cuts a value off at a NUL without a word, which would make it another value.
    fn check(&self) -> Result<(), &'static str> {
        let nul = match self {
            Test::One(_, value) | Test::Raw(value) => value.contains('\0'),
            Test::In(values) | Test::Array(_, values) => values.iter().any(|value| value.contains('\0')),
            Test::Is(_) => false,
        };
        if nul { Err("contains a NUL character, which PostgreSQL cannot hold") } else { Ok(()) }
    }

    fn write(&self, out: &mut String, write_value: impl Fn(&mut String, &str)) {
        let mut operator = |operator| {
            out.push_str(operator);
            out.push('.');
        };
        match self {
            Test::One(name, value) => {
                operator(name);
                write_value(out, value);
            }
            Test::Array(name, values) => {
                operator(name);
                write_value(out, &array(values));
            }
            Test::In(values) => {
                operator("in");
                write_list(out, values);
            }
            Test::Is(what) => {
                operator("is");
                out.push_str(what);
            }
            Test::Raw(text) => out.push_str(text),
        }
    }
}

fn texts<V: Into<FilterValue>>(values: impl IntoIterator<Item = V>) -> Vec<String> {
    values.into_iter().map(|value| value.into().0).collect()
}

fn checked_column(column: &str) -> Result<ident::Column, String> {
    ident::column(column).map_err(|says| format!("the column {column:?} {says}"))
}

fn write_members(out: &mut String, joint: &str, of: &[Expr]) -> Result<(), String> {
    if of.is_empty() {
        let name = if joint == "or" { "any" } else { "all" };
        return Err(format!("{name}() has no conditions: PostgREST has no form for that"));
    }
    out.push('(');
    for (n, member) in of.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        member.write(out)?;
    }
    out.push(')');
    Ok(())
}
