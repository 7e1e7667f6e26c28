"""Links: symbolic links in the code of a function stay links, as at AWS.

Python's `zipfile`, with which the emulator unpacks code, writes a file with the link's target instead. Code that finds
its modules by their real place, as pnpm lays them out, would not work then.
"""

import os
import stat
import zipfile

SEAMS = {"ministack.services.lambda_svc:_extract_zip_preserving_mode": "zf dest_dir"}


class ZipFile(zipfile.ZipFile):
    """Makes its links when it is closed, so that nothing is unpacked through them and no mode is set by them."""

    def extract(self, member, path=None, pwd=None):
        target = super().extract(member, path, pwd)
        entry = member if isinstance(member, zipfile.ZipInfo) else self.getinfo(member)
        if stat.S_ISLNK(entry.external_attr >> 16):
            self.__dict__.setdefault("links", []).append((target, self.read(entry, pwd).decode()))
        return target

    def extractall(self, path=None, members=None, pwd=None):
        for member in self.namelist() if members is None else members:
            self.extract(member, path, pwd)

    def close(self):
        for place, target in self.__dict__.pop("links", []):
            os.remove(place)
            os.symlink(target, place)
        super().close()


def install():
    zipfile.ZipFile = ZipFile
