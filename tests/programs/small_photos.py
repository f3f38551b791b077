"""After `import small_photos`, DenseNet121 is given photos of 64 x 64 pixels."""
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))

import course

course.small_photos().start()
