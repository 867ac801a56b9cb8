/// The commented `credentialflow.json5` of this folder, as `credentialflow init` writes it.
package enum DefaultConfiguration {
  package static let bytes: [UInt8] = PackageResources.credentialflow_json5
}
