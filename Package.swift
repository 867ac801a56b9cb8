// swift-tools-version: 6.2
import PackageDescription

// The modules form a strict line: a target may import only what stands below it here.
// `Scripts/build` passes `--explicit-target-dependency-import-check error`, so an arrow that points up does not compile.

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

func library(_ name: String, _ pkgConfig: String?, apt: String) -> Target {
  .systemLibrary(name: name, path: "Sources/C/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func module(_ name: String, path: String? = nil, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: path, resources: resources, swiftSettings: settings)
}

/// Every message in every language (Sources/Delivery/Messages/MessageKind.swift).
let templates: [Resource] = [
  "code", "code_enrollment", "verify_address", "recovery", "registration", "registration_known", "notice_new_device", "notice_password",
  "notice_factor_added", "notice_factor_removed", "notice_factors_reset", "notice_address", "notice_recovery", "notice_invitation",
].flatMap { kind in ["en", "de"].map { .embedInCode("templates/\(kind).\($0).txt") } }

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
  name: "credentialflow",
  products: [.executable(name: "credentialflow", targets: ["CredentialFlow"])],
  targets: [
    library("COpenSSL", "openssl", apt: "libssl-dev"),
    library("CSodium", "libsodium", apt: "libsodium-dev"),
    library("CJansson", "jansson", apt: "libjansson-dev"),
    // Without pkg-config: SwiftPM warns of a flag in Debian's libutf8proc.pc, and the header stands where every compiler looks.
    library("CUTF8Proc", nil, apt: "libutf8proc-dev"),
    library("CSQLite", "sqlite3", apt: "libsqlite3-dev"),
    library("CZlib", "zlib", apt: "zlib1g-dev"),
    library("CPCRE2", "libpcre2-8", apt: "libpcre2-dev"),
    library("CQREncode", "libqrencode", apt: "libqrencode-dev"),
    library("CNGHTTP2", "libnghttp2", apt: "libnghttp2-dev"),
    library("CZxcvbn", nil, apt: "libzxcvbn-dev"),
    .target(name: "CLinux", path: "Sources/C/CLinux"),
    // libcurl's headers only: the library is opened when something is sent.
    .target(name: "CCurl", path: "Sources/C/CCurl"),
    .target(name: "CCurve", dependencies: ["COpenSSL"], path: "Sources/C/CCurve"),
    .target(name: "CTLS", dependencies: ["COpenSSL"], path: "Sources/C/CTLS"),

    module("Primitives", ["CSodium", "CUTF8Proc", "CZlib"]),
    module("JSON", ["CJansson", "CSodium", "Primitives"]),
    module("Cryptography", ["CCurve", "COpenSSL", "CSodium", "Primitives"]),
    module("Telemetry", ["CLinux", "JSON", "Primitives"]),
    module("HTTP", ["CZlib", "JSON", "Primitives"]),
    module("Transport", ["CLinux", "COpenSSL", "CTLS", "Primitives", "Telemetry"]),
    module("Server", ["CNGHTTP2", "HTTP", "Transport", "Telemetry", "JSON", "Primitives"]),
    .target(
      name: "Schema", path: "Migrations",
      resources: [
        .embedInCode("0001_foundation.sql"), .embedInCode("0002_journal.sql"), .embedInCode("0003_identity.sql"),
        .embedInCode("0004_access.sql"), .embedInCode("0005_keys.sql"), .embedInCode("0006_sessions.sql"), .embedInCode("0007_feed.sql"),
        .embedInCode("0008_delivery.sql"), .embedInCode("0009_enrollment.sql"), .embedInCode("0010_webauthn.sql"),
        .embedInCode("0011_account_indexes.sql"), .embedInCode("0012_totp_step.sql"),
        .embedInCode("0013_totp_secret.sql"),
        .embedInCode("0014_factor_confirmed.sql"), .embedInCode("0015_outbox_urgency.sql"),
      ], swiftSettings: settings),
    .target(
      name: "Defaults", path: "Config", exclude: ["docker", "gateways", "systemd"],
      resources: [.embedInCode("credentialflow.json5")] + templates,
      swiftSettings: settings),
    module("Persistence", ["CSQLite", "CLinux", "Cryptography", "Schema", "Telemetry", "Primitives"]),
    module("Tokens", ["Cryptography", "JSON", "Primitives"]),
    module("WebAuthn", ["Cryptography", "JSON", "Primitives"]),
    module("Delivery", ["CCurl", "JSON", "Primitives"]),
    module("Defense", ["CLinux", "Cryptography", "JSON", "Telemetry", "Primitives"]),
    module("Journal", ["Cryptography", "JSON", "Persistence", "Telemetry", "Primitives"]),
    module(
      "Identity",
      [
        "CLinux", "CZxcvbn", "Cryptography", "Defense", "Delivery", "JSON", "Journal", "Persistence", "Telemetry", "Tokens", "WebAuthn",
        "Primitives",
      ]),
    module("OAuth", ["Cryptography", "Identity", "JSON", "Tokens", "Persistence", "Primitives"]),
    module(
      "API",
      [
        "CPCRE2", "CQREncode", "Cryptography", "Defense", "Delivery", "HTTP", "Identity", "JSON", "Journal", "OAuth", "Persistence",
        "Server",
        "Telemetry", "Tokens", "WebAuthn", "Primitives",
      ]),
    .executableTarget(
      name: "CredentialFlow",
      dependencies: [
        "API", "CJansson", "CLinux", "COpenSSL", "CPCRE2", "CQREncode", "CSQLite", "CSodium", "CUTF8Proc", "CZlib", "Cryptography",
        "Defaults", "Defense", "Delivery", "HTTP", "Identity", "JSON", "Journal", "OAuth", "Persistence", "Schema", "Server", "Telemetry",
        "Tokens",
        "Transport", "WebAuthn", "Primitives",
      ],
      swiftSettings: settings),

    // Reads the outside collections of test vectors; no part of the program.
    module("TestVectors", path: "Tests/TestVectors", ["JSON", "Primitives"]),
    // A mail server and an SMS service for tests; no part of the program.
    .target(name: "TestPost", path: "Tests/TestPost", exclude: ["post_office.py"], swiftSettings: settings),
    tests("PrimitivesTests", ["Primitives"]),
    tests("JSONTests", ["JSON", "Primitives"]),
    tests("CryptographyTests", ["Cryptography", "JSON", "Primitives", "TestVectors"]),
    tests("TokensTests", ["Tokens", "Cryptography", "JSON", "Primitives", "TestVectors"]),
    tests("WebAuthnTests", ["WebAuthn", "Cryptography", "JSON", "Primitives", "TestVectors"]),
    tests(
      "ServerTests", ["CNGHTTP2", "COpenSSL", "Server", "Transport", "HTTP", "JSON", "Telemetry", "Primitives", "TestVectors"]),
    tests("HTTPTests", ["HTTP", "Primitives"]),
    tests("PersistenceTests", ["Persistence", "Schema", "Cryptography", "Telemetry", "Primitives"]),
    tests("DefenseTests", ["Defense", "Telemetry", "Primitives"]),
    tests("DeliveryTests", ["Delivery", "JSON", "Primitives", "TestPost"]),
    tests("JournalTests", ["Journal", "Persistence", "JSON", "Cryptography", "Telemetry", "Primitives"]),
    tests(
      "IdentityTests",
      [
        "Delivery", "Identity", "Journal", "Persistence", "Tokens", "Cryptography", "Defense", "JSON", "Telemetry", "WebAuthn",
        "Primitives",
      ]),
    tests("APITests", ["API", "HTTP", "Identity", "Primitives"]),
    tests("CommandTests", ["API", "CredentialFlow", "Defaults", "Persistence", "Transport", "Primitives"]),
    tests(
      "FlowTests",
      [
        "API", "CZlib", "CredentialFlow", "Cryptography", "Defense", "HTTP", "Identity", "JSON", "Journal", "Persistence", "Server",
        "Telemetry", "TestPost", "TestVectors", "Tokens", "Transport", "WebAuthn", "Primitives",
      ]),
  ]
)
