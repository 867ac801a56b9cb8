/// The messages of `templates/`, one file for each kind and language. A file of the same name in the data folder's `templates`
/// takes its place.
package enum DefaultTemplates {
  /// `nil` for a name that is none of theirs.
  package static func bytes(_ file: String) -> [UInt8]? {
    switch file {
    case "code.en.txt": PackageResources.code_en_txt
    case "code.de.txt": PackageResources.code_de_txt
    case "code_enrollment.en.txt": PackageResources.code_enrollment_en_txt
    case "code_enrollment.de.txt": PackageResources.code_enrollment_de_txt
    case "verify_address.en.txt": PackageResources.verify_address_en_txt
    case "verify_address.de.txt": PackageResources.verify_address_de_txt
    case "recovery.en.txt": PackageResources.recovery_en_txt
    case "recovery.de.txt": PackageResources.recovery_de_txt
    case "registration.en.txt": PackageResources.registration_en_txt
    case "registration.de.txt": PackageResources.registration_de_txt
    case "registration_known.en.txt": PackageResources.registration_known_en_txt
    case "registration_known.de.txt": PackageResources.registration_known_de_txt
    case "notice_new_device.en.txt": PackageResources.notice_new_device_en_txt
    case "notice_new_device.de.txt": PackageResources.notice_new_device_de_txt
    case "notice_password.en.txt": PackageResources.notice_password_en_txt
    case "notice_password.de.txt": PackageResources.notice_password_de_txt
    case "notice_factor_added.en.txt": PackageResources.notice_factor_added_en_txt
    case "notice_factor_added.de.txt": PackageResources.notice_factor_added_de_txt
    case "notice_factor_removed.en.txt": PackageResources.notice_factor_removed_en_txt
    case "notice_factor_removed.de.txt": PackageResources.notice_factor_removed_de_txt
    case "notice_factors_reset.en.txt": PackageResources.notice_factors_reset_en_txt
    case "notice_factors_reset.de.txt": PackageResources.notice_factors_reset_de_txt
    case "notice_address.en.txt": PackageResources.notice_address_en_txt
    case "notice_address.de.txt": PackageResources.notice_address_de_txt
    case "notice_recovery.en.txt": PackageResources.notice_recovery_en_txt
    case "notice_recovery.de.txt": PackageResources.notice_recovery_de_txt
    case "notice_invitation.en.txt": PackageResources.notice_invitation_en_txt
    case "notice_invitation.de.txt": PackageResources.notice_invitation_de_txt
    default: nil
    }
  }
}
