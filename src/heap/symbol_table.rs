//! A file's table of symbols, for code without debug information, and names as their language writes them.

use std::fs::File;

use object::{Object as _, ObjectSymbol as _, ReadCache, SymbolKind};

/// The functions of a file by their addresses.
pub(super) struct SymbolTable<'a> {
    /// Start, size and name; sorted by start.
    functions: Vec<(u64, u64, &'a str)>,
}

impl<'a> SymbolTable<'a> {
    pub(super) fn of(object: &object::File<'a, &'a ReadCache<File>>) -> Self {
        let symbols = object.symbols().chain(object.dynamic_symbols());
        let functions = symbols.filter(|symbol| symbol.is_definition() && symbol.kind() == SymbolKind::Text);
        let mut functions: Vec<(u64, u64, &str)> =
            functions.filter_map(|symbol| Some((symbol.address(), symbol.size(), symbol.name().ok()?))).collect();
        // Of several names of one function the longest-reaching, and then always the same one.
        functions.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)).then(a.2.cmp(b.2)));
        functions.dedup_by_key(|function| function.0);
        Self { functions }
    }

    /// The function that an address lies in; assembly gives no sizes and reaches to the next.
    pub(super) fn name(&self, address: u64) -> Option<String> {
        let after = self.functions.partition_point(|function| function.0 <= address);
        let &(start, size, name) = self.functions.get(after.checked_sub(1)?)?;
        (size == 0 || address - start < size).then(|| demangled(name))
    }
}

/// The name as its language writes it.
pub(super) fn demangled(name: &str) -> String {
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        return format!("{rust:#}");
    }
    if name.starts_with("_Z")
        && let Some(cpp) = cpp_demangle::Symbol::new(name).ok().and_then(|symbol| symbol.demangle().ok())
    {
        return cpp;
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rust_and_cpp_are_written_as_their_languages_do() {
        assert_eq!(demangled("_ZN6server4leak17h0123456789abcdefE"), "server::leak");
        assert_eq!(demangled("_RNvC6server4leak"), "server::leak");
        assert_eq!(demangled("_Znwm"), "operator new(unsigned long)");
        assert_eq!(demangled("main"), "main");
        assert_eq!(demangled("_Z"), "_Z");
    }
}
