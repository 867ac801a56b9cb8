private import COpenSSL

/// What the cryptographic libraries can fail at. None of these is a wrong password or signature: those are answers.
package enum CryptographyError: Error, Equatable {
  /// A library call failed where only missing memory or a broken installation can make it fail. Names the call.
  case library(String)
  /// The bytes are not a key of the kind that was asked for, or one that is too weak to use.
  case unusableKey
  /// Argon2 parameters outside what can be computed here.
  case unusableParameters

  /// The error for the failed OpenSSL call `name`. Empties the thread's error queue, which would otherwise be blamed on a later
  /// call.
  static func failed(_ name: String) -> CryptographyError {
    ERR_clear_error()
    return .library(name)
  }
}
