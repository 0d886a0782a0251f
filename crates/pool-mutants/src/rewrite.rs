//! One source file with all its mutants in it, each behind `crate::mutant(n)`.
//!
//! An expression with mutants becomes `(if mutant(7) { a <= b } else if mutant(8) { a == b } else { a < b })`; a function whose
//! value is replaced begins with `if mutant(9) { return … }`. Each variant stands on a line of its own that begins with its
//! number, so that the compiler's complaints can be told apart. Constant functions lose their `const`, unless somebody needs it.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::ops::Range;

use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, Signature};

use crate::Failure;
use crate::list::{Genre, Mutant, Place};

/// What the compiler has taught us: what must stay as it is.
#[derive(Default)]
pub(crate) struct Kept {
    /// Functions that constants call.
    pub(crate) constant: HashSet<String>,
    /// Mutants that do not compile, and why.
    pub(crate) unviable: HashMap<usize, String>,
}

/// A place in the text, and what takes its place.
struct Edit {
    at: Range<usize>,
    kind: Kind,
}

enum Kind {
    /// The text, or one of these instead of it.
    Choice(Vec<(usize, String)>),
    /// A function returns one of these at once.
    Return(Vec<(usize, String)>),
    /// An arm of a match is passed over.
    Guard(usize),
    Delete,
}

struct Finder<'a> {
    by_place: HashMap<(Place, Genre), Vec<(usize, &'a Mutant)>>,
    kept: &'a mut Kept,
    edits: Vec<Edit>,
    placed: HashSet<usize>,
}

/// The file with its mutants, and the numbers of those that are in it.
pub(crate) fn rewrite(
    source: &str,
    mutants: &[(usize, &Mutant)],
    kept: &mut Kept,
) -> Result<(String, HashSet<usize>), Failure> {
    let file = syn::parse_file(source)?;
    let mut by_place: HashMap<_, Vec<_>> = HashMap::new();
    for &(number, mutant) in mutants.iter().filter(|(number, _)| !kept.unviable.contains_key(number)) {
        by_place.entry((mutant.span.start, mutant.genre)).or_default().push((number, mutant));
    }
    let mut finder = Finder { by_place, kept, edits: Vec::new(), placed: HashSet::new() };
    finder.visit_file(&file);
    let Finder { mut edits, placed, .. } = finder;
    // Outer before inner, and a return before the statement that it stands before.
    edits.sort_by_key(|edit| {
        (edit.at.start, !matches!(edit.kind, Kind::Return(_)), std::cmp::Reverse(edit.at.end))
    });
    let mut text = String::new();
    render(source, 0..source.len(), &mut edits.iter().peekable(), &mut text);
    Ok((text, placed))
}

/// Writes the part of the source with the edits that lie in it.
fn render<'e>(
    source: &str,
    part: Range<usize>,
    edits: &mut std::iter::Peekable<impl Iterator<Item = &'e Edit>>,
    text: &mut String,
) {
    let mut at = part.start;
    while let Some(edit) = edits.next_if(|edit| edit.at.end <= part.end) {
        text.push_str(&source[at..edit.at.start]);
        at = edit.at.end;
        match &edit.kind {
            Kind::Delete => {}
            Kind::Return(values) => {
                for (number, value) in values {
                    let _ =
                        write!(text, "\n/*M{number}*/ if crate::mutant({number}) {{ return {value}; }}\n");
                }
            }
            Kind::Guard(number) => {
                let _ = write!(text, "\n/*M{number}*/ if !crate::mutant({number})\n");
            }
            Kind::Choice(variants) => {
                text.push('(');
                for (number, variant) in variants {
                    let _ = write!(text, "if crate::mutant({number}) {{\n/*M{number}*/ {variant}\n}} else ");
                }
                text.push('{');
                render_boxed(source, edit.at.clone(), edits, text);
                text.push_str("})");
            }
        }
    }
    text.push_str(&source[at..part.end]);
}

/// Ends the recursion of types: the edits are behind one pointer.
fn render_boxed<'e>(
    source: &str,
    part: Range<usize>,
    edits: &mut std::iter::Peekable<impl Iterator<Item = &'e Edit>>,
    text: &mut String,
) {
    let mut inner = Vec::new();
    while let Some(edit) = edits.next_if(|edit| edit.at.end <= part.end) {
        inner.push(edit);
    }
    let mut inner: Box<dyn Iterator<Item = &Edit> + '_> = Box::new(inner.into_iter());
    render(source, part, &mut (&mut *inner).peekable(), text);
}

impl<'a> Finder<'a> {
    /// The mutants of that genre that begin there.
    fn at(&mut self, span: Span, genre: Genre) -> Vec<(usize, &'a Mutant)> {
        let start = span.start();
        let place = Place { line: start.line, column: start.column + 1 };
        let found = self.by_place.remove(&(place, genre)).unwrap_or_default();
        self.placed.extend(found.iter().map(|(number, _)| *number));
        found
    }

    fn choice(&mut self, whole: Span, variants: Vec<(usize, String)>) {
        if !variants.is_empty() {
            self.edits.push(Edit { at: whole.byte_range(), kind: Kind::Choice(variants) });
        }
    }

    /// Whether the function is to be mutated; then it loses its `const`.
    fn enter(&mut self, signature: &Signature) -> bool {
        let Some(constness) = signature.constness else { return true };
        let stays = self.kept.constant.contains(&signature.ident.to_string());
        if !stays {
            self.edits.push(Edit { at: constness.span.byte_range(), kind: Kind::Delete });
        }
        !stays
    }

    fn body(&mut self, block: &Block) {
        let Some(first) = block.stmts.first() else { return };
        let values: Vec<_> = self
            .at(first.span(), Genre::FnValue)
            .into_iter()
            .map(|(number, mutant)| (number, mutant.replacement.clone()))
            .collect();
        if !values.is_empty() {
            let at = first.span().byte_range().start;
            self.edits.push(Edit { at: at..at, kind: Kind::Return(values) });
        }
    }
}

/// Whether what has these attributes is not in the product, or not in this build.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.meta.to_token_stream().to_string();
        ["test", "cfg (test", "cfg (all (test", "cfg (loom", "cfg (planted"]
            .iter()
            .any(|start| text.starts_with(start))
    })
}

/// Whether there is a `let` in a chain of `&&`, which no parentheses may enclose.
fn has_let(expr: &Expr) -> bool {
    if let Expr::Binary(binary) = expr
        && matches!(binary.op, BinOp::And(_))
    {
        return has_let(&binary.left) || has_let(&binary.right);
    }
    matches!(expr, Expr::Let(_))
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        if !is_test(&block.attrs) {
            visit::visit_item_impl(self, block);
        }
    }

    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}

    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}

    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if !is_test(&function.attrs) && self.enter(&function.sig) {
            self.body(&function.block);
            visit::visit_block(self, &function.block);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_test(&function.attrs) && self.enter(&function.sig) {
            self.body(&function.block);
            visit::visit_block(self, &function.block);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.body(block);
            visit::visit_block(self, block);
        }
    }

    fn visit_expr_binary(&mut self, expr: &'ast syn::ExprBinary) {
        if has_let(&expr.left) || has_let(&expr.right) {
            for (number, _) in self.at(expr.op.span(), Genre::BinaryOperator) {
                self.placed.remove(&number);
                self.kept.unviable.insert(number, "a chain with `let` takes no other operator".to_owned());
            }
        } else {
            let (left, right) = (expr.left.to_token_stream(), expr.right.to_token_stream());
            let variants = self.at(expr.op.span(), Genre::BinaryOperator);
            let variants =
                variants.into_iter().map(|(n, m)| (n, format!("{left} {} {right}", m.replacement)));
            self.choice(expr.span(), variants.collect());
        }
        visit::visit_expr_binary(self, expr);
    }

    fn visit_expr_unary(&mut self, expr: &'ast syn::ExprUnary) {
        let operand = expr.expr.to_token_stream();
        let variants = self.at(expr.op.span(), Genre::UnaryOperator);
        let variants = variants.into_iter().map(|(n, m)| (n, format!("{} {operand}", m.replacement)));
        self.choice(expr.span(), variants.collect());
        visit::visit_expr_unary(self, expr);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let [(number, _)] = self.at(arm.span(), Genre::MatchArm)[..] {
            let at = arm.pat.span().byte_range().end;
            self.edits.push(Edit { at: at..at, kind: Kind::Guard(number) });
        }
        if let Some((_, guard)) = &arm.guard
            && !has_let(guard)
        {
            let variants = self.at(guard.span(), Genre::MatchArmGuard);
            let variants = variants.into_iter().map(|(n, m)| (n, m.replacement.clone()));
            self.choice(guard.span(), variants.collect());
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_struct(&mut self, expr: &'ast syn::ExprStruct) {
        let mut variants = Vec::new();
        for (index, field) in expr.fields.iter().enumerate() {
            for (number, _) in self.at(field.span(), Genre::StructField) {
                let mut without = expr.clone();
                let fields = without.fields.into_iter().enumerate();
                without.fields = fields.filter(|(n, _)| *n != index).map(|(_, field)| field).collect();
                // Or what remains would be read as a range.
                if !without.fields.is_empty() {
                    without.fields.push_punct(Default::default());
                }
                variants.push((number, without.to_token_stream().to_string()));
            }
        }
        self.choice(expr.span(), variants);
        visit::visit_expr_struct(self, expr);
    }
}
