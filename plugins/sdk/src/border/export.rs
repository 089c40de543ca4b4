//! The macro that makes a library a plugin.

/// Exports classifiers as the one symbol of a plugin: `export!(Ports);` or `export!(Ports, Others);`,
/// once in a library of `crate-type = ["cdylib"]`.
///
/// Works in a crate that denies unsafe code (one that *forbids* it may not have exported symbols).
/// A panic is caught here and nowhere else, so a plugin must not be built with `panic = "abort"`.
#[macro_export]
macro_rules! export {
    ($($classifier:ty),+ $(,)?) => {
        #[cfg(panic = "abort")]
        ::std::compile_error!(
            "a plugin built with panic = \"abort\" takes the host down with it: use \"unwind\""
        );

        // The symbol is read by the host, never by Rust.
        #[allow(unsafe_code)]
        const _: () = {
            static CLASSIFIERS: &[$crate::border::constants::Listed] = &[
                $($crate::border::constants::Listed($crate::classifier!($classifier)),)+
                $crate::border::constants::Listed(::std::ptr::null()),
            ];

            #[allow(non_upper_case_globals)]
            // SAFETY: the name is the plugin interface's own, and `export!` stands once in a library.
            #[unsafe(no_mangle)]
            pub static tractor_plugin: $crate::abi::tractor_entry =
                $crate::border::constants::entry(CLASSIFIERS);
        };
    };
}

/// A pointer to the static of one classifier. Lengths of statics may depend on a type only where it
/// is named: hence a macro.
#[doc(hidden)]
#[macro_export]
macro_rules! classifier {
    ($classifier:ty) => {{
        use $crate::Classifier;
        use $crate::border::constants::{
            Texts, classifier, label_bytes, label_table, label_texts, or,
        };
        const NAME: &str = or(<$classifier>::NAME, $crate::package!("CARGO_PKG_NAME"));
        const VERSION: &str = or(<$classifier>::VERSION, $crate::package!("CARGO_PKG_VERSION"));
        const DESCRIPTION: &str =
            or(<$classifier>::DESCRIPTION, $crate::package!("CARGO_PKG_DESCRIPTION"));

        static TEXTS: [u8; label_bytes(<$classifier>::LABELS)] = label_texts(<$classifier>::LABELS);
        static LABELS: [$crate::abi::tractor_label; <$classifier>::LABELS.len()] =
            label_table(<$classifier>::LABELS, &TEXTS);
        static CLASSIFIER: $crate::abi::tractor_classifier = classifier::<$classifier>(
            Texts {
                id: $crate::c_text!(<$classifier>::ID),
                name: $crate::c_text!(or(NAME, <$classifier>::ID)),
                version: $crate::c_text!(or(VERSION, "0")),
                description: $crate::c_text!(or(DESCRIPTION, NAME)),
                columns: match <$classifier>::COLUMNS {
                    Some(_) => Some($crate::c_text!(match <$classifier>::COLUMNS {
                        Some(columns) => columns,
                        None => "",
                    })),
                    None => None,
                },
            },
            &LABELS,
        );
        &raw const CLASSIFIER
    }};
}

/// A constant text as bytes that end in NUL.
#[doc(hidden)]
#[macro_export]
macro_rules! c_text {
    ($text:expr) => {{
        const TEXT: &str = $text;
        const BYTES: [u8; TEXT.len() + 1] = $crate::border::constants::terminated(TEXT);
        &BYTES
    }};
}

/// What Cargo says of the author's package; empty without Cargo.
#[doc(hidden)]
#[macro_export]
macro_rules! package {
    ($name:literal) => {
        match ::std::option_env!($name) {
            ::std::option::Option::Some(text) => text,
            ::std::option::Option::None => "",
        }
    };
}
