from kerasad.exporting.routes import FORMATS as FORMATS
