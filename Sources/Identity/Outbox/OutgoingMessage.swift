package import Delivery
internal import Primitives

/// How a message goes to a person.
package enum OutboxChannel: String, Sendable, CaseIterable {
  case mail, sms
}

/// To whom.
package enum Recipient: Sendable, Equatable {
  case mail(MailAddress)
  case sms(PhoneNumber)

  package var channel: OutboxChannel {
    switch self {
    case .mail: .mail
    case .sms: .sms
    }
  }

  package var text: String {
    switch self {
    case .mail(let address): address.text
    case .sms(let number): number.text
    }
  }

  /// As it may be shown to whoever holds the account.
  package var masked: String {
    switch self {
    case .mail(let address): address.masked
    case .sms(let number): number.masked
    }
  }

  init?(_ channel: OutboxChannel, _ text: String) {
    switch channel {
    case .mail:
      guard let address = MailAddress(text) else { return nil }
      self = .mail(address)
    case .sms:
      guard let number = PhoneNumber(text) else { return nil }
      self = .sms(number)
    }
  }
}

/// A message that is to be written into the outbox.
package struct OutgoingMessage: Sendable {
  package let kind: MessageKind
  package let recipient: Recipient
  package let values: MessageValues
  /// `nil` for the installation's.
  package let language: Language?
  /// After this it is worth nothing and is not sent any more.
  package let lifetime: Duration

  package init(
    _ kind: MessageKind, to recipient: Recipient, _ values: MessageValues, in language: Language? = nil, lifetime: Duration
  ) {
    self.kind = kind
    self.recipient = recipient
    self.values = values
    self.language = language
    self.lifetime = lifetime
  }
}
