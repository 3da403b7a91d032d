"""Archives as a provider would give them back."""

import io
import zipfile

from domain.skill.bundle import Bundle


def zip_of(bundle: Bundle) -> bytes:
    return zip_with({f"{bundle.name}/{file.path}": file.content for file in bundle.files})


def zip_with(contents: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for path, content in contents.items():
            archive.writestr(path, content)
    return packed.getvalue()
